import Foundation

/// Where a run keeps its settings, its log, its checkpoints and the best model.
///
/// Directories take their names when they are complete, so that a run killed at any moment leaves a whole one behind.
package struct RunDirectory: Sendable {
    package let path: String

    /// Makes the directory where there is none, and puts back what a kill left between the two steps of a replacement.
    ///
    /// - Throws: `TrainingError.unwritable`.
    package init(_ path: String) throws(TrainingError) {
        self.path = path
        try Self.perform(path) {
            try FileManager.default.createDirectory(atPath: path + "/checkpoints", withIntermediateDirectories: true)
        }
        try recover("best")
        let checkpoints = (try? FileManager.default.contentsOfDirectory(atPath: path + "/checkpoints")) ?? []
        for name in checkpoints where name.hasSuffix(Self.old) {
            try recover("checkpoints/" + name.dropLast(Self.old.count))
        }
    }

    package var log: String { path + "/log.jsonl" }
    package var settings: String { path + "/training.json" }
    package var vocabulary: String { path + "/spiece.model" }
    package var best: String { path + "/best" }

    private static let prefix = "step-"
    private static let partial = ".partial"
    private static let old = ".old"

    /// The checkpoint of the most steps; nil before the first.
    package var latestCheckpoint: String? { checkpoints.first }

    /// Those there are, of the most steps first.
    private var checkpoints: [String] { steps.reversed().map { "\(path)/checkpoints/\(Self.name($0))" } }

    /// The checkpoint of the most steps that holds what was written, if there is any; what is wrong with later ones.
    ///
    /// - Throws: `TrainingError.unreadable` where there are some and all are damaged.
    package func latestWholeCheckpoint() throws(TrainingError) -> (path: String?, damages: [String]) {
        var damages: [String] = []
        for checkpoint in checkpoints {
            guard let damage = CheckpointSeal.damage(in: checkpoint) else { return (checkpoint, damages) }
            damages.append(damage)
        }
        guard let damage = damages.first else { return (nil, []) }
        throw .unreadable(file: path + "/checkpoints", reason: "no checkpoint is whole: \(damage)")
    }

    /// Steps done at the latest whole checkpoint; 0 without one.
    ///
    /// - Throws: what `latestWholeCheckpoint` throws.
    package func latestWholeStep() throws(TrainingError) -> Int {
        let name = try latestWholeCheckpoint().path.map { URL(fileURLWithPath: $0).lastPathComponent }
        return name.flatMap { Int($0.dropFirst(Self.prefix.count)) } ?? 0
    }

    /// Fills a new checkpoint through `write` and removes all but the `keep` latest, of which one always stays.
    ///
    /// - Throws: what `write` throws, and errors of the file system.
    package func save(step: Int, keep: Int, _ write: (_ directory: String) throws -> Void) throws {
        try fill("checkpoints/" + Self.name(step), write)
        for step in steps.dropLast(max(1, keep)) {
            try FileManager.default.removeItem(atPath: "\(path)/checkpoints/\(Self.name(step))")
        }
    }

    /// Fills a directory through `write`; it replaces the one of that name when it is complete and on the disk.
    ///
    /// - Throws: what `write` throws, `TrainingError.unwritable`, and Foundation's errors; the old directory is then
    ///   still there, or is put back when the run is next opened.
    package func fill(_ name: String, _ write: (_ directory: String) throws -> Void) throws {
        let files = FileManager.default
        let (target, partial, old) = ("\(path)/\(name)", "\(path)/\(name)\(Self.partial)", "\(path)/\(name)\(Self.old)")
        try? files.removeItem(atPath: partial)
        try files.createDirectory(atPath: partial, withIntermediateDirectories: true)
        try write(partial)
        for file in try files.contentsOfDirectory(atPath: partial) { try Self.synchronize("\(partial)/\(file)") }
        try Self.synchronize(partial)
        if files.fileExists(atPath: target) {
            try? files.removeItem(atPath: old)
            try files.moveItem(atPath: target, toPath: old)
        }
        try files.moveItem(atPath: partial, toPath: target)
        try Self.synchronize(URL(fileURLWithPath: target).deletingLastPathComponent().path)
        try? files.removeItem(atPath: old)
    }

    /// Puts back a directory whose replacement was cut short between its two steps.
    private func recover(_ name: String) throws(TrainingError) {
        let files = FileManager.default
        let (target, old) = ("\(path)/\(name)", "\(path)/\(name)\(Self.old)")
        guard !files.fileExists(atPath: target), files.fileExists(atPath: old) else { return }
        try Self.perform(target) { try files.moveItem(atPath: old, toPath: target) }
    }

    /// Steps there are checkpoints of, in order.
    private var steps: [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/checkpoints")) ?? []
        return names.filter { $0.hasPrefix(Self.prefix) }.compactMap { Int($0.dropFirst(Self.prefix.count)) }.sorted()
    }

    private static func name(_ step: Int) -> String { prefix + String(format: "%08d", step) }

    /// Sees to it that a file's bytes, or a directory's entries, are on the disk.
    private static func synchronize(_ path: String) throws(TrainingError) {
        let descriptor = open(path, O_RDONLY)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw .unwritable(path: path, reason: String(cString: strerror(errno)))
        }
    }

    private static func perform(_ path: String, _ body: () throws -> Void) throws(TrainingError) {
        do { try body() } catch {
            throw .unwritable(path: path, reason: (error as NSError).localizedDescription)
        }
    }
}
