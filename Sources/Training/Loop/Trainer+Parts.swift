extension Trainer {
    /// What a run is made of.
    package struct Parts {
        package var run: RunDirectory
        package var training: any ExampleSource
        package var validation: any ExampleSource
        package var judge: Judge?
        package var export: ModelExport

        package init(
            run: RunDirectory,
            training: any ExampleSource,
            validation: any ExampleSource,
            judge: Judge?,
            export: ModelExport
        ) {
            (self.run, self.training, self.validation) = (run, training, validation)
            (self.judge, self.export) = (judge, export)
        }
    }
}
