import Checkpoints
import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport

/// What transformers computed for a checkpoint; written by `Tests/Parity/reference.py`.
struct Reference: Decodable {
    struct Forced: Decodable {
        let prompt: [Int32]
        let decoder: [Int32]
        let logits: [[Float]]
    }

    struct Routing: Decodable {
        struct Layer: Decodable {
            let block: Int
            let experts: [Int32]
            let gates: [Float]
            let dropped: [Int]
        }

        let prompt: [Int32]
        let layers: [Layer]
    }

    struct Greedy: Decodable {
        let prompt: [Int32]
        let tokens: [Int32]
    }

    struct Beams: Decodable {
        struct Sequence: Decodable {
            let tokens: [Int32]
            let score: Float
        }

        let prompt: [Int32]
        let beams: Int
        let lengthPenalty: Float
        let earlyStopping: EarlyStopping
        let maxNewTokens: Int
        let sequences: [Sequence]
    }

    struct Constrained: Decodable {
        struct Constraints: Decodable {
            let repetitionPenalty: Float?
            let noRepeatNgramSize: Int?
            let minNewTokens: Int?
            let bias: [String: Float]?
        }

        let prompt: [Int32]
        let constraints: Constraints
        let beams: Int
        let maxNewTokens: Int
        let tokens: [Int32]
    }

    struct Continued: Decodable {
        let prompt: [Int32]
        let decoderPrompt: [Int32]
        let tokens: [Int32]
        let logprobs: [Float]
        /// How far the reference itself is from double precision; not in old files.
        let rounding: Rounding?
        let layers: [Routing.Layer]
        let beams: [Beams]

        struct Rounding: Decodable {
            let logprobs: Float
            let gates: Float
        }
    }

    /// true, false or "never".
    enum EarlyStopping: Decodable {
        case flag(Bool)
        case never

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self = if let flag = try? container.decode(Bool.self) { .flag(flag) } else { .never }
        }
    }

    let forced: [Forced]
    let routing: [Routing]
    let greedy: [Greedy]
    let beams: [Beams]
    let constrained: [Constrained]
    let continued: [Continued]

    init(directory: URL) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(contentsOf: directory.appending(path: "reference.json")))
    }

    static func model(
        in directory: URL,
        _ precision: WeightPrecision = .float32,
        cache: KeyValuePool.Precision? = nil,
        _ change: (inout LoadingContext) -> Void = { _ in }
    ) throws -> SwitchTransformer {
        let checkpoint = try CheckpointDirectory(directory.path)
        let configuration = try SwitchConfiguration(directory: directory.path, checkpoint)
        let workers = Workers(threads: 2)
        var context = LoadingContext(
            configuration: configuration,
            precision: precision,
            workers: workers,
            reach: 192
        )
        change(&context)
        let room = CacheRoom(cache ?? (precision == .float32 ? .float32 : .bfloat16), bytes: 1 << 26)
        return try SwitchTransformer(WeightScope(root: checkpoint), context, cache: room)
    }

    /// Scores of eight steps after two prompts, of the one and then of the other in each.
    static func scores(_ model: SwitchTransformer) -> [Float] {
        let prompts = [[5, 9, 11, 7, 20, 3, 8, 14, 1], [30, 2, 2, 17, 6, 1]].map {
            EncodingPrompt(tokens: $0, slots: 1, capacity: 16)
        }
        let states = model.read(prompts).prompts.map(\.state)
        return (0..<8).flatMap { step in
            let rows = [StepRow(slot: 0, token: Int32(step * 3 % 30 + 2))]
            let scores = model.step(states.map { StepBatch(state: $0, rows: rows) })
            return states.indices.flatMap { scores.elements(row: $0) }
        }
    }

    /// Checkpoints of the Hugging Face layout with a reference.
    static let directories = allLayouts.filter {
        FileManager.default.fileExists(atPath: $0.appending(path: "config.json").path)
    }

    /// Checkpoints with a reference: the committed ones, or all below `SWITCHYARD_PARITY` when that is set.
    static let allLayouts: [URL] = {
        let committed = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Parity/Fixtures")
        let root = ProcessInfo.processInfo.environment["SWITCHYARD_PARITY"].map { URL(fileURLWithPath: $0) }
        let found = try? FileManager.default.contentsOfDirectory(at: root ?? committed, includingPropertiesForKeys: nil)
        return (found ?? []).filter {
            FileManager.default.fileExists(atPath: $0.appending(path: "reference.json").path)
        }.sorted { $0.path < $1.path }
    }()
}
