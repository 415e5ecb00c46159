import Foundation

/// A name for what decides the bits of an answer beside the request: files of the model, what it is computed with, this
/// version.
struct SystemFingerprint: CustomStringConvertible {
    private var hash = ByteHash()
    /// Unix time of the newest file.
    private(set) var newest = 0

    /// Takes in names, sizes and times of the model's files, not what they hold: that may be more than memory.
    init(of directory: String) { add(filesOf: directory) }

    /// Takes in the files of one more directory.
    mutating func add(filesOf directory: String) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in files.sorted() where Self.isOfModel(name) {
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)") else {
                continue
            }
            let size = attributes[.size] as? Int ?? 0
            let modified = Int((attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0)
            newest = max(newest, modified)
            add(name, "\(size) \(modified)")
        }
    }

    /// Configurations, weights, and of other layouts the indexes and what is beside them.
    private static func isOfModel(_ name: String) -> Bool {
        [".packed", ".safetensors", ".bin", ".json", ".index", ".gin"].contains(where: name.hasSuffix)
            || name == "checkpoint" || name.contains(".data-")
    }

    /// Takes in one thing more, such as the precision of weights.
    mutating func add(_ name: String, _ value: String) {
        hash.add("\(name)\0\(value)\0".utf8)
    }

    var description: String { "fp_\(hash)" }
}
