package import Checkpoints
package import SwitchModel
import Tokenization

/// A model directory that a run begins with: what `serve` reads, and what the trained model is written back as.
package struct StartingModel: Sendable {
    /// As it was named.
    package let directory: String
    /// Set right by the tensors, as it is served.
    package let configuration: SwitchConfiguration
    package let vocabulary: Vocabulary
    package let files: ModelFiles
    /// The stacks look tokens up in tables of different values.
    private let hasTableOfEachStack: Bool
    /// Its weights under the names of the trainer's layers.
    package let source: any WeightSource
    /// What became sparse of it; nil where it stays as it is.
    package let upcycling: Upcycling?
    /// What weights are rounded to where they are stored: Float32, unless they are in bfloat16 already.
    package let storedType: SafetensorsWriter.StoredType

    /// Reads configuration and tokenizer, and of the weights the tables of tokens.
    ///
    /// - Parameter upcycling: has a dense model begin as a sparse one.
    ///
    /// - Throws: `TrainingError.notTrainable` for what is served but not trained; `CheckpointError`, `ConfigurationError`
    ///   and `TokenizerError`, which name the file.
    package init(_ directory: String, upcycling: Upcycling? = nil) throws {
        let path = try SentenceLayout.transformerDirectory(of: directory)
        let checkpoint = try CheckpointDirectory(path)
        guard checkpoint.packing == nil else {
            throw TrainingError.notTrainable(
                "\(directory) is packed, and what rounding took is gone: name what it was packed from"
            )
        }
        var configuration = try SwitchConfiguration(of: checkpoint)
        guard configuration.architecture.hasDecoder else {
            throw TrainingError.notTrainable("\(directory) is an encoder alone, which predicts no text")
        }
        let tokenizer = try TokenizerDirectory(path).tokenizer(modelVocabularySize: configuration.vocabularySize)
        guard let tokenizer else { throw TrainingError.unreadable(file: directory, reason: "it has no tokenizer") }
        configuration.textEnd = tokenizer.textEnd ?? configuration.textEnd
        let weights = try StartingWeights(checkpoint, configuration)
        vocabulary = Vocabulary(of: tokenizer, configuration)
        files = try ModelFiles(path)
        storedType = weights.isBFloat16 ? .bfloat16 : .float32
        hasTableOfEachStack = weights.hasTableOfEachStack
        (self.directory, self.upcycling) = (directory, upcycling)
        if let upcycling {
            let sparse = try upcycling.applied(to: configuration)
            source = UpcycledWeights(weights, configuration, upcycling, sparse)
            self.configuration = sparse
        } else {
            (source, self.configuration) = (weights, configuration)
        }
    }

    /// What is trained, as far as the model says it.
    package var shape: ModelShape {
        var shape = ModelShape(configuration)
        shape.hasTableOfEachStack = hasTableOfEachStack
        return shape
    }
}
