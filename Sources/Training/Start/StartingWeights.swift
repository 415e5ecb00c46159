package import Checkpoints
package import SwitchModel

/// A checkpoint's tensors under the names of the trainer's layers: tables of tokens may have others there.
package struct StartingWeights: WeightSource {
    private let checkpoint: CheckpointDirectory
    private let tables: [String: String]
    /// The stacks look tokens up in tables of different values.
    package let hasTableOfEachStack: Bool

    /// - Parameter configuration: set right by the checkpoint's tensors.
    ///
    /// - Throws: `TrainingError.notTrainable` where the tables are put together as nothing is trained;
    ///   `CheckpointError` for a table that cannot be read.
    package init(_ checkpoint: CheckpointDirectory, _ configuration: SwitchConfiguration) throws {
        self.checkpoint = checkpoint
        let scope = WeightScope(root: checkpoint)
        let tables = VocabularyTables(scope, configuration)
        let isPair = configuration.architecture == .encoderDecoder
        hasTableOfEachStack = isPair ? try tables.stacksDiffer(scope) : false
        guard !hasTableOfEachStack || configuration.hasOwnHead else {
            throw TrainingError.notTrainable("its stacks have embeddings of their own, and its head is one of them")
        }
        let stacks = hasTableOfEachStack ? ModelShape.tablesOfStacks : [ModelShape.sharedTable]
        var names = [ModelShape.head: tables.head + ".weight"]
        names[stacks[0]] = (isPair ? tables.encoder : tables.decoder) + ".weight"
        if hasTableOfEachStack { names[stacks[1]] = tables.decoder + ".weight" }
        self.tables = names
    }

    /// Whether all of it is stored in two bytes of the same range as Float32.
    var isBFloat16: Bool {
        checkpoint.names.allSatisfy { (try? checkpoint.tensor(named: $0))?.elementType == .bfloat16 }
    }

    package var names: Set<String> { checkpoint.names.union(tables.keys) }

    package func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        try checkpoint.tensor(named: tables[name] ?? name)
    }
}
