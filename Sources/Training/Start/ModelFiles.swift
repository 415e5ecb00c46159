import Checkpoints
import Foundation
import JSON
import SwitchModel
import Tokenization

/// What a model directory holds beside its weights and is written back with them.
package struct ModelFiles: Sendable {
    /// Of `config.json`.
    private let configuration: JSONObject
    /// Whole files by name: `generation_config.json` and those of the tokenizer.
    private let others: [(name: String, bytes: [UInt8])]

    private static let names = ["generation_config.json"] + TokenizerDirectory.fileNames
    /// Vocabularies of many languages have tens of megabytes.
    private static let maximumBytes = 1 << 28

    /// - Throws: `CheckpointError` for a file that cannot be read, `JSONError` for a configuration that is none.
    init(_ directory: String) throws {
        let limit = SwitchConfiguration.maximumFileBytes
        let text = try BoundedFile.read(directory + "/config.json", limit: limit)
        guard case .object(let members) = try JSONParser.parse(text, JSONRules(maximumDepth: 32)) else {
            throw TrainingError.unreadable(file: directory + "/config.json", reason: "it is no object")
        }
        configuration = members
        others = try Self.names.compactMap { name in
            try BoundedFile.readIfPresent(directory + "/" + name, limit: Self.maximumBytes).map { (name, $0) }
        }
    }

    /// Writes all files, of `config.json` with other values for some keys.
    ///
    /// - Parameter changes: null leaves a key out.
    ///
    /// - Throws: Foundation's errors where a file cannot be written.
    func write(_ changes: JSONObject, to directory: String) throws {
        let members = configuration.merging(changes).without(changes.names.filter { changes[$0] == .null })
        let text = JSONDocument(.object(members)).text
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/config.json"))
        try writeOthers(to: directory)
    }

    /// Writes all files but `config.json`.
    func writeOthers(to directory: String) throws {
        for file in others {
            try Data(file.bytes).write(to: URL(fileURLWithPath: directory + "/" + file.name))
        }
    }
}
