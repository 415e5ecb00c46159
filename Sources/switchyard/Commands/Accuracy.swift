import ArgumentParser
import Checkpoints
import Foundation
import Generation
import SwitchModel
import Tensors
import Tokenization
import Training

/// Measures what a precision changes: next-token distributions of rounded weights beside those of Float32.
struct Accuracy: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compares next-token distributions at --weights with those at f32."
    )

    @OptionGroup var model: ModelOptions

    @Option(help: "A file of lines: a prompt, a tab, and the text to be predicted token by token.")
    var pairs: String

    @Option(help: "The directory of the weights at f32. Default: the model's own, which must not be packed then.")
    var reference: String?

    @Option(help: "Put before every prompt.")
    var prefix = ""

    @Flag(help: "Then hold one attention, feed-forward or head after the other in --weights, the others at f32.")
    var layers = false

    func run() throws {
        var exact = model
        (exact.weights, exact.expertWeights, exact.cacheType) = (.f32, nil, .f32)
        let checkpoint = try CheckpointDirectory(try model.transformerDirectory())
        let configuration = try model.configuration(of: checkpoint)
        try DecoderNeeded.check(configuration, model.modelDirectory, to: "predict tokens")
        let isPacked = checkpoint.packing != nil
        guard !isPacked || reference != nil else { throw PrecisionError.noReference(directory: model.modelDirectory) }
        guard !isPacked || !layers else { throw PrecisionError.packedLayers(directory: model.modelDirectory) }
        exact.modelDirectory = self.reference ?? model.modelDirectory
        let reference = try LoadedModel(exact, logger: nil)
        let rounded = try LoadedModel(model, logger: nil)
        guard rounded.configuration.vocabularySize == reference.configuration.vocabularySize else {
            throw PrecisionError.otherModel(directory: model.modelDirectory, reference: exact.modelDirectory)
        }
        print(try divergence(from: reference, rounded))
        guard layers else { return }
        let precision = try model.precision(of: checkpoint, reference.configuration)
        let table = try RoundingTable(checkpoint, reference.configuration, precision.layers)
        // Keys and values are no part of a layer's rounding.
        var one = model
        one.cacheType = .f32
        for sublayer in reference.configuration.sublayers {
            let rounded = try LoadedModel(one, logger: nil, roundedSublayer: sublayer)
            print("\(sublayer): \(try divergence(from: reference, rounded))")
            for line in table.lines(of: sublayer) { print("  " + line) }
        }
    }

    private func divergence(from reference: LoadedModel, _ rounded: LoadedModel) throws -> Divergence {
        guard let tokenizer = reference.tokenizer else { throw ValidationError("the model has no tokenizer") }
        var divergence = Divergence()
        for line in TextFile.lines(of: try TextFile.exactText(pairs)) {
            let columns = line.split(separator: "\t", maxSplits: 1)
            guard columns.count == 2 else { continue }
            let prompt = reference.configuration.prompt(tokenizer.encode(prefix + columns[0]))
            let tokens = tokenizer.encode(String(columns[1]))
            let room = (input: model.maxInputTokens, output: model.maxOutputTokens)
            guard prompt.count <= room.input, tokens.count < room.output else {
                throw ValidationError("a pair has more tokens than --max-input-tokens or --max-output-tokens")
            }
            for one in [reference.model, rounded.model] {
                try one.checkCacheRoom(states: 1, prompt: prompt.count, positions: 1 + tokens.count)
            }
            let expected = Scorer(reference.model, prompt, tokens: tokens.count)
            let found = Scorer(rounded.model, prompt, tokens: tokens.count)
            divergence.add(expected.firstLogits(), found.firstLogits())
            for token in tokens { divergence.add(expected.logits(after: token), found.logits(after: token)) }
        }
        return divergence
    }
}

/// Steps one sequence through a model.
private final class Scorer {
    private let model: SwitchTransformer
    private let prompt: EncodedPrompt<DecoderState>
    private var routing = RoutingLog()

    /// - Parameter tokens: that it is stepped by.
    init(_ model: SwitchTransformer, _ prompt: [Int32], tokens: Int) {
        self.model = model
        var encoding = model.beginEncoding([EncodingPrompt(tokens: prompt, slots: 1, capacity: 1 + tokens)])
        while model.advance(&encoding, blocks: .max) > 0 {}
        self.prompt = model.finish(encoding)[0]
    }

    /// Those of the first token, after the start token or a language model's prompt.
    func firstLogits() -> [Double] {
        let read = prompt.decoderRows.count
        guard read > 0 else { return logits(after: model.configuration.startToken) }
        model.enqueue(position: read - 1, prompt.state, for: .all)
        return step()
    }

    func logits(after token: Int32) -> [Double] {
        model.enqueue(token, prompt.state, slot: 0, for: .all)
        return step()
    }

    private func step() -> [Double] {
        model.step(&routing).withRow(0) { row in row.indices.map { Double(row[$0]) } }
    }
}

/// How far distributions are from those they should be.
private struct Divergence: CustomStringConvertible {
    private var positions = 0
    private var agreements = 0
    private var sum = 0.0
    private var worst = 0.0

    mutating func add(_ expected: [Double], _ found: [Double]) {
        let (p, q) = (Self.logProbabilities(expected), Self.logProbabilities(found))
        let divergence = zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
        positions += 1
        sum += divergence
        worst = max(worst, divergence)
        let isSame = p.indices.max { p[$0] < p[$1] } == q.indices.max { q[$0] < q[$1] }
        agreements += isSame ? 1 : 0
    }

    private static func logProbabilities(_ logits: [Double]) -> [Double] {
        let largest = logits.max() ?? 0
        let sum = largest + log(logits.reduce(0) { $0 + exp($1 - largest) })
        return logits.map { $0 - sum }
    }

    var description: String {
        String(
            format: "positions %d, top-1 agreement %.3f %%, mean KL %.3g nats, largest %.3g",
            positions,
            100 * Double(agreements) / Double(max(positions, 1)),
            sum / Double(max(positions, 1)),
            worst
        )
    }
}
