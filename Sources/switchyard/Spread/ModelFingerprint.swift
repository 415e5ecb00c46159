import Foundation

/// A name for what the files of a model hold, wherever they lie and whenever they were written.
///
/// Of large files a few hundred kilobytes are read: enough to tell one training from another.
struct ModelFingerprint: CustomStringConvertible {
    private static let samples = 64
    private static let sampleBytes = 4096

    private var hash = ByteHash()

    /// - Throws: `CocoaError` where a file cannot be read.
    init(directory: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { name in
            name == "config.json" || [".packed", ".safetensors", ".bin"].contains(where: name.hasSuffix)
        }
        for name in names.sorted() { try add(name, in: URL(filePath: directory)) }
    }

    private mutating func add(_ name: String, in directory: URL) throws {
        let file = try FileHandle(forReadingFrom: directory.appending(path: name))
        defer { try? file.close() }
        let size = try file.seekToEnd()
        hash.add("\(name)\0\(size)\0".utf8)
        let step = max(UInt64(Self.sampleBytes), size / UInt64(Self.samples))
        for offset in stride(from: UInt64(0), to: size, by: UInt64.Stride(step)) {
            try file.seek(toOffset: offset)
            hash.add(try file.read(upToCount: Self.sampleBytes) ?? Data())
        }
    }

    var description: String { "\(hash)" }
}
