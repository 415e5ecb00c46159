private import Foundation

/// Where the parts of a T5X model directory are.
struct T5XDirectory {
    static let indexName = "checkpoint"

    /// The directory with the index.
    let checkpoint: String
    /// Of the `config.gin` beside it or above it.
    let settings: GinFile?

    /// The checkpoint in `directory` itself, or the one of the most steps in the directories `checkpoint_N` there.
    ///
    /// nil where there is none.
    init?(_ directory: String) throws(CheckpointError) {
        if try Self.hasIndex(directory) {
            if let format = ForeignFormat(directory: directory), format == .halfWritten {
                throw .foreign(path: directory, format)
            }
            checkpoint = directory
            let above = URL(filePath: directory).deletingLastPathComponent().path
            let own = try GinFile(directory + "/config.gin")
            settings = own == nil ? try GinFile(above + "/config.gin") : own
            return
        }
        guard let newest = try Self.newest(in: directory) else { return nil }
        checkpoint = newest
        settings = try GinFile(directory + "/config.gin")
    }

    private static func newest(in directory: String) throws(CheckpointError) -> String? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let steps = names.compactMap { name in
            name.hasPrefix("checkpoint_") ? Int(name.dropFirst("checkpoint_".count)) : nil
        }
        for step in steps.sorted(by: >) {
            let path = "\(directory)/checkpoint_\(step)"
            if try hasIndex(path) { return path }
            // The newest is meant: an older one in its place would be another model.
            if let format = ForeignFormat(directory: path) { throw .foreign(path: path, format) }
        }
        return nil
    }

    /// Whether there is an index of MessagePack: TensorFlow calls a text of its own by the same name.
    private static func hasIndex(_ directory: String) throws(CheckpointError) -> Bool {
        let path = directory + "/" + indexName
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue else {
            return false
        }
        let file = try MappedFile(path: path)
        let start = file.bytes(in: 0..<min(file.count, tensorFlow.count))
        return file.count > 0 && start != tensorFlow
    }

    private static let tensorFlow = Array("model_checkpoint_path".utf8)
}
