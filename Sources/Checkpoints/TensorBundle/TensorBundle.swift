private import Synchronization

/// A bundle of TensorFlow's: an index, and files in which variables lie one behind the other.
///
/// The index is read and compared with its checksums at once, a variable's bytes when they are first used.
final class TensorBundle: Sendable {
    /// The path of its files up to `.index`.
    let prefix: String
    let entries: [String: BundleEntry]
    private let parts: [[UInt8]: BundleEntry]
    private let shards: Int
    private let files = Mutex<[Int: MappedFile]>([:])

    private static let mostShards = 100_000

    /// - Throws: `.malformedTable` for an index that is damaged or contradicts itself.
    init(prefix: String) throws(CheckpointError) {
        let file = prefix + ".index"
        let bytes = ByteSource(try MappedFile(path: file))
        do throws(TableProblem) {
            (entries, parts, shards) = try Self.read(bytes)
        } catch {
            throw .malformedTable(file: file, problem: error)
        }
        self.prefix = prefix
    }

    /// What the bytes of an index say.
    static func read(
        _ bytes: ByteSource
    ) throws(TableProblem) -> (entries: [String: BundleEntry], parts: [[UInt8]: BundleEntry], shards: Int) {
        var (entries, parts): ([String: BundleEntry], [[UInt8]: BundleEntry]) = ([:], [:])
        var shards: Int?
        try SortedTable.read(bytes) { key, block, value throws(TableProblem) in
            if key.isEmpty {
                shards = try Self.header(block, value)
            } else if key[0] == 0 {
                parts[key] = try BundleEntry(block, value)
            } else {
                guard let name = String(validating: key, as: UTF8.self) else { throw .badMessage }
                entries[name] = try BundleEntry(block, value)
            }
        }
        guard let shards else { throw .noHeader }
        return (entries, parts, shards)
    }

    /// `BundleHeaderProto`: how many files there are.
    private static func header(_ source: [UInt8], _ range: Range<Int>) throws(TableProblem) -> Int {
        var fields = ProtobufFields(source, range)
        var shards = 1
        while let (number, value) = try fields.next() {
            switch (number, value) {
            case (1, .varint(let count)):
                guard count > 0, count <= mostShards else { throw .badMessage }
                shards = Int(count)
            case (2, .varint(let endianness)) where endianness != 0: throw .bigEndian
            case (3, .bytes(let version)): try check(version: source, version)
            default: break
            }
        }
        return shards
    }

    /// `VersionDef`: what producers need of consumers is 1, and has been since there are bundles.
    private static func check(version source: [UInt8], _ range: Range<Int>) throws(TableProblem) {
        var fields = ProtobufFields(source, range)
        while let (number, value) = try fields.next() {
            guard number == 2, case .varint(let consumer) = value, consumer > 1 else { continue }
            throw .unknownVersion(Int(clamping: consumer))
        }
    }

    /// The entry of a part of a variable, by either way of writing a whole dimension.
    func part(of name: String, _ slice: BundleEntry.Slice, of shape: [Int]) -> BundleEntry? {
        let whole = zip(slice.extents, shape).map { (start: $0.start, length: $0.length ?? $1) }
        let short = slice.extents.map { (start: $0.length == nil ? 0 : $0.start, length: $0.length ?? -1) }
        return parts[OrderedCode.key(of: name, short)] ?? parts[OrderedCode.key(of: name, whole)]
    }

    /// The bytes of an entry, as they were written.
    ///
    /// - Throws: `.truncated` for a file that is too short, `.checksum` for other bytes than were written.
    func bytes(of entry: BundleEntry, named name: String) throws(CheckpointError) -> ByteSource {
        let path = "\(prefix).data-\(Self.digits(entry.shard))-of-\(Self.digits(shards))"
        let file = try files.withLock { files throws(CheckpointError) in
            if let file = files[entry.shard] { return file }
            let file = try MappedFile(path: path)
            files[entry.shard] = file
            return file
        }
        guard entry.bytes.upperBound <= file.count else {
            throw .truncated(file: path, expectedBytes: entry.bytes.upperBound, foundBytes: file.count)
        }
        let bytes = ByteSource(file).slice(entry.bytes)
        guard CRC32C.masked(bytes.withBytes(in: 0..<bytes.count) { CRC32C.checksum($0) }) == entry.checksum else {
            throw .checksum(name: name, file: path)
        }
        return bytes
    }

    private static func digits(_ number: Int) -> String {
        String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)"
    }
}
