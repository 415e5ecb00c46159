import Checkpoints
import Foundation
import Generation
import SwitchModel
import Tensors
import Tokenization
import Training

/// What `evaluate` does: losses by the trainer's layers, translations by the engine that serves.
struct ModelEvaluation {
    private let command: Evaluate
    private let checkpoint: CheckpointDirectory
    private let configuration: SwitchConfiguration
    private let generation: GenerationConfiguration
    private let tokenizer: any Tokenizer

    /// Reads the directory's configuration and tokenizer, but no weights.
    ///
    /// - Throws: `CheckpointError` and `ConfigurationError` for the directory, `TrainingError.unreadable` without a
    ///   tokenizer.
    init(_ command: Evaluate) throws {
        self.command = command
        let directory = try SentenceLayout.transformerDirectory(of: command.modelDirectory)
        checkpoint = try CheckpointDirectory(directory)
        var configuration = try SwitchConfiguration(of: checkpoint)
        try DecoderNeeded.check(configuration, command.modelDirectory, to: "predict text")
        generation = try GenerationConfiguration(directory: directory, configuration)
        let files = TokenizerDirectory(directory)
        guard let tokenizer = try files.tokenizer(modelVocabularySize: configuration.vocabularySize) else {
            throw TrainingError.unreadable(file: command.modelDirectory, reason: "it has no tokenizer")
        }
        configuration.textEnd = tokenizer.textEnd ?? configuration.textEnd
        (self.tokenizer, self.configuration) = (tokenizer, configuration)
    }

    /// Computes the loss and, unless that was left out, translates and scores; writes translations where that was asked
    /// for.
    ///
    /// Blocks until all is done: called on a thread of its own.
    ///
    /// - Throws: `TrainingError` for text that cannot be read, has too many tokens or is of no use, and for models that
    ///   are served but not trained.
    func report() throws -> EvaluationReport {
        let files = command.pairs + command.source + command.target + command.text
        for fault in try TextFile.encodingFaults(in: files) {
            try FileHandle.standardError.write(contentsOf: Data("\(fault)\n".utf8))
        }
        let isText = !command.text.isEmpty
        guard isText == (configuration.architecture == .decoderOnly) else { throw Mismatch.taskOfAnotherModel }
        let pairs = try readPairs()
        let source: any ExampleSource = isText ? try stretches() : try examples(pairs)
        guard source.count > 0 else { throw TrainingError.tooFewExamples(kept: 0, needed: 1) }
        let weights = try StartingWeights(checkpoint, configuration)
        var shape = ModelShape(configuration)
        shape.hasTableOfEachStack = weights.hasTableOfEachStack
        let model = ModelLayers(shape)
        let values = FloatBuffer(count: model.layout.count)
        try model.layout.read(weights, into: values)
        let workers = GradientWorkers(judging: model, values: values, on: Workers(threads: threads))
        let outcome = try workers.evaluate(source.batches(tokens: command.batchTokens), values)
        var report = EvaluationReport(outcome)
        guard !isText, !command.lossOnly else { return report }
        let translator = Translator(
            configuration: configuration,
            tokenizer: tokenizer,
            generation: generation,
            beams: command.beams,
            maximumTokens: command.maxTokens,
            threads: threads
        )
        let answers = try translator.answers(to: pairs.map(\.source), checkpoint)
        report.bleu = Bleu(hypotheses: answers, references: pairs.map(\.target)).score
        report.beams = translator.width
        if let output = command.output {
            let text = answers.map { $0.replacing("\n", with: " ") + "\n" }.joined()
            try Data(text.utf8).write(to: URL(fileURLWithPath: output))
        }
        return report
    }

    private var threads: Int { command.threads ?? MachineShare.current().threads }

    private func readPairs() throws -> [TextPair] {
        let read =
            try command.pairs.flatMap { try TextFile.pairs($0) }
            + zip(command.source, command.target).flatMap { try TextFile.pairs(source: $0, target: $1) }
        return read.map { TextPair(source: command.prefix + $0.source, target: $0.target) }
    }

    private var special: SpecialIDs {
        SpecialIDs(start: configuration.startToken, end: configuration.textEnd.first ?? configuration.padToken)
    }

    private func examples(_ pairs: [TextPair]) throws -> PairExamples {
        let tokens = pairs.map { (source: tokenizer.encode($0.source), target: tokenizer.encode($0.target)) }
        let examples = PairExamples(tokens, special, maximumTokens: Self.maximumTokens)
        guard examples.tooLong == 0 else {
            throw TrainingError.tooManyTokens(pairs: examples.tooLong, limit: Self.maximumTokens)
        }
        return examples
    }

    /// Of a pair: attention remembers its square for every head.
    private static let maximumTokens = 4096

    private func stretches() throws -> TextWindows {
        let text = try command.text.map { try TextFile.text($0) }.joined(separator: "\n")
        return TextWindows(PreparedData.tokens(text, tokenizer), length: command.maxTokens, .fixed)
    }

    private enum Mismatch: Error, CustomStringConvertible {
        case taskOfAnotherModel

        var description: String {
            "a language model is judged on --text, and a model with an encoder on --pairs, or on --source and --target"
        }
    }
}
