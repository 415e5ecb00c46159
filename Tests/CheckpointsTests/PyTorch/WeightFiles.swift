import Checkpoints
import Foundation

/// The committed files of `Tests/WeightFiles`, and what they hold; the scripts beside them made both.
enum WeightFiles {
    struct Expected: Decodable {
        struct Tensor: Decodable {
            let shape: [Int]?
            let values: [Float]?
            /// Of a tensor that is not for computing.
            let type: String?
        }

        let files: [String: [String: Tensor]]
        let refused: [String: String]
        let sharded: [String: Tensor]
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "WeightFiles")

    /// Files that PyTorch wrote.
    static let expected: Expected = read("PyTorch/expected.json")
    /// What is said of the files that are not as PyTorch writes them.
    static let malformed: [String: String] = read("Malformed/expected.json")

    static func path(_ name: String) -> String { root.appending(path: name).path }

    static func bytes(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: root.appending(path: name)))
    }

    /// The file `bytes`, under the name "f".
    static func open(_ bytes: [UInt8]) throws(CheckpointError) -> TorchFile {
        try TorchFile(ByteSource(bytes), file: "f")
    }

    private static func read<Value: Decodable>(_ name: String) -> Value {
        do { return try JSONDecoder().decode(Value.self, from: Data(bytes(name))) } catch {
            fatalError("\(name): \(error)")
        }
    }
}
