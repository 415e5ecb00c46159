import Checkpoints
import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// Models with units that are thousands of times as large as others: rounding them to eight bits costs what it costs
/// without.
@Suite struct PlantedModelTests {
    /// Where units are planted.
    enum Plant: CaseIterable {
        /// Between the products of every feed-forward layer and expert.
        case units
        /// Between the values and the output of every attention.
        case values
        /// Between queries and keys.
        case keys
        /// In the half of a gate that has an activation.
        case gates
        /// Two units that are huge and cancel, read by weights like any: nothing tells but the rows.
        case pairs

        /// Whether the function is what it was.
        var isNeutral: Bool { self != .gates && self != .pairs }
    }

    /// Small ones, and one whose rows are wide enough to tell two units from the others.
    private static let directories =
        Reference.directories + [
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../models/en-de")
                .standardized
        ]
    private static let factor: Float = 8192

    private func weights(_ directory: URL) throws -> InMemoryWeights {
        let checkpoint = try CheckpointDirectory(directory.path)
        var weights = InMemoryWeights()
        for name in checkpoint.names {
            let tensor = try checkpoint.tensor(named: name)
            weights.set(name, tensor.shape, tensor.floats())
        }
        return weights
    }

    /// Makes units `factor` times as large in the rows of `first` and as much smaller in `second`, every 20th of them.
    private func plant(
        _ weights: inout InMemoryWeights,
        _ first: String,
        rowsOf second: String,
        areColumns: Bool
    ) throws {
        let (rows, reader) = (try weights.tensor(named: first), try weights.tensor(named: second))
        var (elements, read) = (rows.floats(), reader.floats())
        for unit in stride(from: 1, to: rows.rows, by: 20) {
            for column in 0..<rows.rowWidth { elements[unit * rows.rowWidth + column] *= Self.factor }
            for index in read.indices {
                let place = areColumns ? index % reader.rowWidth : index / reader.rowWidth
                if place == unit { read[index] /= Self.factor }
            }
        }
        weights.set(first, rows.shape, elements)
        weights.set(second, reader.shape, read)
    }

    private func plantPair(
        _ weights: inout InMemoryWeights,
        _ name: String,
        _ configuration: SwitchConfiguration
    ) throws {
        for inner in configuration.feedForward.isGated ? [".wi_0.weight", ".wi_1.weight"] : [".wi.weight"] {
            let tensor = try weights.tensor(named: name.replacing(".wo.weight", with: inner))
            var elements = tensor.floats()
            for column in 0..<tensor.rowWidth {
                if inner != ".wi_0.weight" { elements[tensor.rowWidth + column] *= Self.factor }
                elements[2 * tensor.rowWidth + column] = elements[tensor.rowWidth + column]
            }
            weights.set(tensor.name, tensor.shape, elements)
        }
        let tensor = try weights.tensor(named: name)
        var elements = tensor.floats()
        for row in 0..<tensor.rows { elements[row * tensor.rowWidth + 2] = -elements[row * tensor.rowWidth + 1] }
        weights.set(name, tensor.shape, elements)
    }

    private func planted(
        _ directory: URL,
        _ plant: Plant,
        _ configuration: SwitchConfiguration
    ) throws -> InMemoryWeights {
        var weights = try weights(directory)
        for name in weights.names.sorted() {
            switch plant {
            case .units where name.hasSuffix(".wo.weight"), .gates where name.hasSuffix(".wo.weight"):
                let linear = configuration.feedForward.isGated ? ".wi_1.weight" : ".wi.weight"
                let inner = name.replacing(".wo.weight", with: plant == .units ? linear : ".wi_0.weight")
                try self.plant(&weights, inner, rowsOf: name, areColumns: true)
            case .pairs where name.hasSuffix(".wo.weight"):
                try plantPair(&weights, name, configuration)
            case .values where name.hasSuffix("Attention.o.weight"):
                try self.plant(&weights, name.replacing(".o.", with: ".v."), rowsOf: name, areColumns: true)
            case .keys where name.hasSuffix("Attention.k.weight"):
                try self.plant(&weights, name, rowsOf: name.replacing(".k.", with: ".q."), areColumns: false)
            default: break
            }
        }
        return weights
    }

    private func scores(
        _ weights: InMemoryWeights,
        _ configuration: SwitchConfiguration,
        _ precision: WeightPrecision,
        _ expertMemory: ExpertMemory? = nil
    ) throws -> [Float] {
        var context = LoadingContext(
            configuration: configuration,
            precision: precision,
            workers: Workers(threads: 2),
            reach: 192
        )
        context.expertMemory = expertMemory
        let room = CacheRoom(.float32, bytes: 1 << 24)
        return scores(try SwitchTransformer(WeightScope(root: weights), context, cache: room))
    }

    /// Two steps after each of 48 prompts: where a token changes its expert by a rounding, one prompt alone tells little.
    private func scores(_ model: SwitchTransformer) -> [Float] {
        (0..<48).flatMap { seed in
            let prompt = (0..<9).map { Int32((seed * 7 + $0 * (seed + 3)) % 30 + 2) } + [1]
            let read = model.read([EncodingPrompt(tokens: prompt, slots: 1, capacity: 16)])
            let state = read.prompts[0].state
            return (0..<2).flatMap { step in
                let rows = [StepRow(slot: 0, token: Int32(step * 3 % 30 + 2))]
                return model.step([StepBatch(state: state, rows: rows)]).elements(row: 0)
            }
        }
    }

    /// Root of the mean square.
    private func distance(_ left: [Float], _ right: [Float]) -> Double {
        (zip(left, right).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) } / Double(left.count)).squareRoot()
    }

    @Test(arguments: directories, Plant.allCases)
    func eightBitsCostWhatTheyCostWithout(directory: URL, plant: Plant) throws {
        let configuration = try SwitchConfiguration(
            directory: directory.path,
            tensors: CheckpointDirectory(directory.path).names
        )
        // A unit cannot be moved through the others.
        let kind = configuration.feedForward
        guard plant != .units || kind.isGated || kind.activation == .relu else { return }
        guard plant != .gates || kind.isGated else { return }
        guard plant != .pairs || configuration.feedForwardWidth >= 32 else { return }
        let (plain, planted) = (try weights(directory), try planted(directory, plant, configuration))
        for precision in [WeightPrecision.float32, .bfloat16] where plant.isNeutral {
            #expect(try scores(planted, configuration, precision) == scores(plain, configuration, precision))
        }
        func cost(_ weights: InMemoryWeights) throws -> Double {
            distance(try scores(weights, configuration, .float32), try scores(weights, configuration, .int8))
        }
        let (before, after) = (try cost(plain), try cost(planted))
        #expect(before > 0)
        // Another function rounds otherwise; what is planted costs several times as much without a remedy.
        #expect(after <= (plant.isNeutral ? 1.2 : 2) * before, "\(after) beside \(before)")
        let shelved = try scores(planted, configuration, .int8, ExpertMemory(budget: 1))
        #expect(try shelved == scores(planted, configuration, .int8))
    }
}
