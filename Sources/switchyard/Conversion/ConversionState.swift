import ArgumentParser
import Checkpoints
import Foundation

/// What a directory is being filled with, so that only the same conversion goes on in it.
struct ConversionState {
    private let directory: String
    private let text: String

    private static let fileName = "conversion.json"

    init(_ directory: String, input: String, weights: String, _ plan: ShardPlan) {
        self.directory = directory
        let source = URL(filePath: input).standardizedFileURL.path
        let tensors = plan.shards.flatMap(\.tensors)
        var hash = ByteHash()
        for tensor in tensors { hash.add("\(tensor.name) \(tensor.shape) \(tensor.type.rawValue)\n".utf8) }
        let words = ["input": source, "weights": weights, "tensors": "\(hash)"]
        text = words.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "\n") + "\n"
    }

    private var path: String { directory + "/" + Self.fileName }

    /// Makes the directory, or sees that it was begun for the same.
    ///
    /// - Throws: `ValidationError` for a directory that holds something else.
    func begin() throws {
        if FileManager.default.fileExists(atPath: directory) {
            guard let found = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw ValidationError("\(directory) exists, and no conversion was interrupted in it")
            }
            guard found == text else {
                throw ValidationError("\(directory) was begun otherwise:\n\(found)")
            }
            return
        }
        // The directory is there with what says what it is for, or not at all.
        let begun = directory + ".begun"
        try? FileManager.default.removeItem(atPath: begun)
        try FileManager.default.createDirectory(atPath: begun, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: begun + "/" + Self.fileName))
        try FileManager.default.moveItem(atPath: begun, toPath: directory)
    }

    /// The directory is complete.
    func end() throws { try FileManager.default.removeItem(atPath: path) }
}
