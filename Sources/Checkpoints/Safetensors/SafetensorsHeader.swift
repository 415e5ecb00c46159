import JSON

/// The table of contents of a safetensors file, believed only after every number in it was checked.
package struct SafetensorsHeader: Equatable, Sendable {
    /// One tensor: its type, its shape, and where its bytes are in the whole file.
    package struct Entry: Equatable, Sendable {
        package var type: SafetensorsType
        /// Row-major, each size 0 or more; empty for a scalar.
        package var shape: [Int]
        /// Counted from the start of the file.
        package var bytes: Range<Int>

        package init(type: SafetensorsType, shape: [Int], bytes: Range<Int>) {
            self.type = type
            self.shape = shape
            self.bytes = bytes
        }
    }

    /// The longest header accepted, as in the reference implementation.
    package static let maximumLength = 100_000_000
    private static let prefixLength = 8

    package let entries: [String: Entry]
    /// Free text under `__metadata__`.
    package let metadata: [String: String]

    /// Reads the header of a file that is mapped already.
    package init(_ mapped: MappedFile) throws(CheckpointError) {
        try self.init(file: mapped.path, byteCount: mapped.count) { mapped.bytes(in: $0) }
    }

    /// Reads the header of the file called `file`, `byteCount` bytes long, whose bytes `bytes` returns.
    package init(file: String, byteCount: Int, bytes: (Range<Int>) -> [UInt8]) throws(CheckpointError) {
        guard byteCount >= Self.prefixLength else {
            throw .truncated(file: file, expectedBytes: Self.prefixLength, foundBytes: byteCount)
        }
        let length = bytes(0..<Self.prefixLength).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(Self.maximumLength) else {
            throw .headerTooLong(file: file, length: length, limit: Self.maximumLength)
        }
        let dataStart = Self.prefixLength + Int(length)
        guard dataStart <= byteCount else {
            throw .truncated(file: file, expectedBytes: dataStart, foundBytes: byteCount)
        }
        let text = bytes(Self.prefixLength..<dataStart)
        guard text.first == UInt8(ascii: "{") else {
            throw .malformedJSON(file: file, reason: "the header does not begin with '{'")
        }
        let json: JSONValue
        do { json = try JSONParser.parse(text) } catch { throw .malformedJSON(file: file, reason: "\(error)") }
        guard case .object(let members) = json else {
            throw .malformedJSON(file: file, reason: "the header is \(json.summary), expected an object")
        }
        metadata = try Self.metadata(members["__metadata__"], file: file)
        entries = try Self.entries(members, file: file, dataBytes: byteCount - dataStart)
            .mapValues { Entry(type: $0.type, shape: $0.shape, bytes: $0.bytes + dataStart) }
    }

    private static func metadata(_ value: JSONValue?, file: String) throws(CheckpointError) -> [String: String] {
        guard let value else { return [:] }
        guard case .object(let members) = value else {
            throw .malformedJSON(file: file, reason: "__metadata__ is \(value.summary), expected an object of strings")
        }
        var metadata: [String: String] = [:]
        for (key, member) in members {
            guard case .string(let text) = member else {
                throw .malformedJSON(file: file, reason: "__metadata__ holds \(member.summary), expected only strings")
            }
            metadata[key] = text
        }
        return metadata
    }

    /// The entries with bytes counted from the start of the data, which they fill without hole or overlap.
    private static func entries(
        _ members: JSONObject,
        file: String,
        dataBytes: Int
    ) throws(CheckpointError) -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for name in members.names.sorted() where name != "__metadata__" {
            do throws(EntryProblem) {
                entries[name] = try Entry(members[name] ?? .null, dataBytes: dataBytes)
            } catch {
                throw .malformedEntry(file: file, tensor: name, problem: error)
            }
        }
        try checkLayout(entries, file: file, dataBytes: dataBytes)
        return entries
    }

    /// Checks that the tensors, in the order of their bytes, follow each other from the first byte to the last.
    private static func checkLayout(
        _ entries: [String: Entry],
        file: String,
        dataBytes: Int
    ) throws(CheckpointError) {
        let ordered = entries.sorted {
            ($0.value.bytes.lowerBound, $0.value.bytes.upperBound, $0.key)
                < ($1.value.bytes.lowerBound, $1.value.bytes.upperBound, $1.key)
        }
        var end = 0
        var previous = ""
        for (name, entry) in ordered {
            let begin = entry.bytes.lowerBound
            guard begin >= end else {
                throw .malformedEntry(file: file, tensor: name, problem: .overlaps(tensor: previous))
            }
            guard begin == end else {
                throw .malformedEntry(file: file, tensor: name, problem: .gap(begin: begin, expected: end))
            }
            end = entry.bytes.upperBound
            previous = name
        }
        guard end == dataBytes else {
            throw .trailingBytes(file: file, expectedBytes: end, foundBytes: dataBytes)
        }
    }
}

extension Range<Int> {
    fileprivate static func + (range: Self, offset: Int) -> Self {
        range.lowerBound + offset..<range.upperBound + offset
    }
}
