extension Trainer {
    /// What a run is made of.
    ///
    /// What judges and writes is used by rank 0 alone.
    package struct Parts {
        /// Where rank 0 keeps what it writes; the others need none.
        package var run: RunDirectory?
        package var training: any ExampleSource
        package var validation: any ExampleSource
        package var judge: Judge?
        package var export: ModelExport
        /// The model that the run begins with; nil for weights that are drawn.
        package var start: StartingModel?

        package init(
            run: RunDirectory?,
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
