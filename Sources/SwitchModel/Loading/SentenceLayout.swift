import Checkpoints
import JSON

/// The parts of a directory as sentence-transformers lays it out: its `modules.json` names one after the other.
package struct SentenceLayout: Equatable, Sendable {
    /// What a part does, in the order in which parts follow each other; each is there once at most.
    package enum Part: String, CaseIterable, Comparable, Sendable {
        case transformer = "Transformer"
        case pooling = "Pooling"
        case dense = "Dense"
        case normalize = "Normalize"

        /// In the order in which they work.
        package static func < (a: Part, b: Part) -> Bool {
            guard let first = allCases.firstIndex(of: a), let second = allCases.firstIndex(of: b) else { return false }
            return first < second
        }
    }

    private let directory: String
    /// Names of directories in this one; empty for this one itself.
    private let paths: [Part: String]

    private static let file = "modules.json"
    private static let maximumBytes = 1 << 20

    /// nil for a directory without `modules.json`.
    ///
    /// - Throws: for a file that is no list of modules, and for modules that are put together otherwise than known.
    package init?(directory: String) throws(ConfigurationError) {
        let bytes: [UInt8]?
        do throws(CheckpointError) {
            bytes = try BoundedFile.readIfPresent(directory + "/" + Self.file, limit: Self.maximumBytes)
        } catch {
            throw .unreadable(error)
        }
        guard let bytes else { return nil }
        try self.init(bytes, directory: directory)
    }

    /// - Parameter bytes: the text of `modules.json`.
    package init(_ bytes: [UInt8], directory: String) throws(ConfigurationError) {
        let json: JSONValue
        do {
            json = try JSONParser.parse(bytes, JSONRules(maximumDepth: 32))
        } catch {
            throw .malformedJSON(file: Self.file, reason: "\(error)")
        }
        guard case .array(let modules) = json else {
            throw .malformedJSON(file: Self.file, reason: "it is \(json.summary), expected an array of modules")
        }
        var paths: [Part: String] = [:]
        var last: Part?
        for module in modules {
            let (part, path) = try Self.read(module)
            guard last.map({ $0 < part }) ?? (part == .transformer) else {
                throw Self.unsupported(part.rawValue, "Transformer, Pooling, Dense and Normalize in that order")
            }
            (paths[part], last) = (path, part)
        }
        guard paths[.pooling] != nil else {
            throw .malformedJSON(file: Self.file, reason: "it names no module whose 'type' is Pooling")
        }
        (self.directory, self.paths) = (directory, paths)
    }

    private static func read(_ module: JSONValue) throws(ConfigurationError) -> (Part, path: String) {
        guard case .object(let members) = module else {
            throw .malformedJSON(file: file, reason: "a module is \(module.summary), expected an object")
        }
        let reader = ConfigurationReader(members, file: file)
        guard let type = try reader.string("type") else {
            throw .malformedJSON(file: file, reason: "a module has no 'type'")
        }
        guard let part = type.split(separator: ".").last.flatMap({ Part(rawValue: String($0)) }) else {
            throw unsupported(type, "one of " + Part.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard let path = try reader.string("path") else {
            throw .malformedJSON(file: file, reason: "the module \(part.rawValue) has no 'path'")
        }
        let isPlain = !path.unicodeScalars.contains { $0 == "/" || $0.value < 0x20 }
        guard isPlain, !path.hasPrefix(".") else {
            throw unsupported(path, "the name of a directory beside the file", key: "path")
        }
        return (part, path)
    }

    private static func unsupported(_ found: String, _ expected: String, key: String = "type") -> ConfigurationError {
        let shown = found.unicodeScalars.prefix(80).map { $0.value < 0x20 ? " " : String($0) }.joined()
        return .unsupported(file: file, key: key, value: "'\(shown)'", expected: expected)
    }

    /// Where a part's files are; nil where there is no such part.
    package func directory(of part: Part) -> String? {
        paths[part].map { $0.isEmpty ? directory : directory + "/" + $0 }
    }

    /// Directories beside the file that its parts name, in order.
    package var names: [String] { Part.allCases.compactMap { paths[$0] }.filter { !$0.isEmpty } }

    /// Where the configuration, the weights and the tokenizer of a model directory are: in a directory of their own where
    /// `modules.json` says so.
    package static func transformerDirectory(of directory: String) throws(ConfigurationError) -> String {
        try SentenceLayout(directory: directory)?.directory(of: .transformer) ?? directory
    }
}
