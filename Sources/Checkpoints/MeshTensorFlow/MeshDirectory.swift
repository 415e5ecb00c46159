private import Foundation

/// Where the parts of a model directory of Mesh TensorFlow are.
struct MeshDirectory {
    let directory: String
    /// The path of the bundle's files up to `.index`.
    let prefix: String
    /// Of `operative_config.gin`.
    let settings: GinFile?

    private static let stateBytes = 1 << 20

    /// The bundle that TensorFlow's `checkpoint` names, or else the one of the most steps; nil where there is none.
    init?(_ directory: String) throws(CheckpointError) {
        guard let name = try Self.named(in: directory) ?? Self.newest(in: directory) else { return nil }
        (self.directory, prefix) = (directory, directory + "/" + name)
        let own = try GinFile(directory + "/operative_config.gin")
        settings = own == nil ? try GinFile(directory + "/config.gin") : own
    }

    /// What the text `checkpoint` says: the path may be of the machine it was written on, the name is here.
    private static func named(in directory: String) throws(CheckpointError) -> String? {
        guard let bytes = try BoundedFile.readIfPresent(directory + "/checkpoint", limit: stateBytes) else {
            return nil
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard let line = lines.first(where: { $0.hasPrefix("model_checkpoint_path:") }) else { return nil }
        let path = line.split(separator: "\"", omittingEmptySubsequences: false)
        guard path.count >= 2, let name = path[1].split(separator: "/").last.map(String.init), !name.hasPrefix(".")
        else {
            return nil
        }
        return FileManager.default.fileExists(atPath: "\(directory)/\(name).index") ? name : nil
    }

    private static func newest(in directory: String) -> String? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { $0.hasSuffix(".index") }.map { String($0.dropLast(6)) }
            .max { (step($0), $0) < (step($1), $1) }
    }

    private static func step(_ name: String) -> Int { name.split(separator: "-").last.flatMap { Int($0) } ?? -1 }
}
