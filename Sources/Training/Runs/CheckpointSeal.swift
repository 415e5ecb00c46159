private import CZlib
import Foundation

/// What a run's checkpoint says of its own files, so that damage is noticed: how long they are, and their CRC-32.
struct CheckpointSeal: Codable, Equatable {
    /// By the file's name.
    private var files: [String: File]

    private struct File: Codable, Equatable {
        var bytes: Int
        var crc32: UInt32
    }

    private static let name = "seal.json"
    private static let chunk = 1 << 20

    /// Seals all files of a directory, once they are there.
    ///
    /// - Throws: Foundation's errors where a file cannot be read or the seal not written.
    static func write(to directory: String) throws {
        var seal = CheckpointSeal(files: [:])
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) where name != Self.name {
            seal.files[name] = try file("\(directory)/\(name)")
        }
        let bytes = try JSONEncoder.ofRuns(.prettyPrinted).encode(seal)
        try bytes.write(to: URL(fileURLWithPath: "\(directory)/\(Self.name)"))
    }

    /// What is wrong with a checkpoint, naming the file; nil for a whole one, and for one of before there were seals.
    static func damage(in directory: String) -> String? {
        let path = "\(directory)/\(Self.name)"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let bytes = FileManager.default.contents(atPath: path),
            let seal = try? JSONDecoder.ofRuns().decode(CheckpointSeal.self, from: bytes)
        else { return "\(path) is damaged" }
        for (name, sealed) in seal.files.sorted(by: { $0.key < $1.key }) {
            let file = "\(directory)/\(name)"
            guard let found = try? Self.file(file) else { return "\(file) cannot be read" }
            guard found.bytes == sealed.bytes else {
                return "\(file) has \(found.bytes) bytes and not the \(sealed.bytes) that were written"
            }
            guard found == sealed else { return "\(file) does not hold what was written: its checksum is another" }
        }
        return nil
    }

    private static func file(_ path: String) throws -> File {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        var file = File(bytes: 0, crc32: 0)
        while let bytes = try handle.read(upToCount: chunk), !bytes.isEmpty {
            let crc = bytes.withUnsafeBytes {
                crc32_z(CUnsignedLong(file.crc32), $0.bindMemory(to: UInt8.self).baseAddress, bytes.count)
            }
            file = File(bytes: file.bytes + bytes.count, crc32: UInt32(truncatingIfNeeded: crc))
        }
        return file
    }
}
