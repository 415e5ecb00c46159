/// The parameters that a T5X checkpoint's index names: a tree of maps, whose leaves say where an array is, or hold it.
///
/// The optimizer's state is not looked at.
struct T5XIndex: Sendable {
    enum Leaf: Sendable {
        /// A directory beside the index.
        case stored(directory: String)
        case inline(ArrayShape, [ByteSource])
    }

    /// By the names of the maps they are in, with `/` between them.
    let leaves: [String: Leaf]

    private static let newestVersion = 3
    private static let placeholder = "PLACEHOLDER://"

    /// - Parameter file: the name of the index, for error messages.
    init(_ bytes: ByteSource, file: String) throws(CheckpointError) {
        let root: MessagePackValue
        do { root = try MessagePackReader.read(bytes) } catch {
            throw .malformedMessagePack(file: file, problem: error)
        }
        guard case .map(let top) = root else { throw .malformedIndex(file: file, reason: "it is no map") }
        if case .integer(let version) = top["version"], version > Self.newestVersion {
            throw .malformedIndex(
                file: file,
                reason: "its version is \(version); at most \(Self.newestVersion) is expected"
            )
        }
        var tree = top
        if case .map(let optimizer) = top["optimizer"] { tree = optimizer }
        guard case .map(let target) = tree["target"] else {
            throw .malformedIndex(file: file, reason: "it has no map of parameters named 'target'")
        }
        var walk = Walk(file: file)
        try walk.visit(target, "")
        leaves = walk.leaves
    }

    private struct Walk {
        let file: String
        var leaves: [String: Leaf] = [:]

        mutating func visit(_ map: [String: MessagePackValue], _ path: String) throws(CheckpointError) {
            for (key, value) in map {
                let name = path.isEmpty ? key : path + "/" + key
                if case .map(let members) = value, members["driver"] == nil, members[T5XIndex.chunkedMark] == nil {
                    try visit(members, name)
                } else if let leaf = try leaf(value, name) {
                    leaves[name] = leaf
                }
            }
        }

        private func leaf(_ value: MessagePackValue, _ name: String) throws(CheckpointError) -> Leaf? {
            switch value {
            case .null: return nil
            case .string(let text) where text.hasPrefix(T5XIndex.placeholder):
                return .stored(directory: try directory(String(text.dropFirst(T5XIndex.placeholder.count)), name))
            case .map(let members):
                if members[T5XIndex.chunkedMark] != nil { return try pieces(members, name) }
                // Within the store's specification since tensorstore 0.1.14, beside it before.
                var path = members["path"]
                if case .map(let store) = members["kvstore"], let own = store["path"] { path = own }
                guard case .string(let text) = path else { throw malformed(name, "says not where it is") }
                return .stored(directory: try directory(text, name))
            case .extended(1, let bytes), .extended(3, let bytes):
                let (shape, data) = try array(bytes, name)
                return .inline(shape, [data])
            default: throw malformed(name, "is no array")
            }
        }

        private func malformed(_ name: String, _ reason: String) -> CheckpointError {
            .malformedIndex(file: file, reason: "parameter \(quoted(name)) \(reason)")
        }

        /// A path that stays beside the index.
        private func directory(_ path: String, _ name: String) throws(CheckpointError) -> String {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            let plain = parts.last == "" ? parts.dropLast() : parts[...]
            guard !plain.isEmpty, plain.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.utf8.contains(0) }) else {
                throw malformed(name, "is at \(quoted(path)), which does not stay in its directory")
            }
            return plain.joined(separator: "/")
        }

        /// An array of more than 2^30 bytes: cut into flat pieces, its lists written as maps.
        private func pieces(_ members: [String: MessagePackValue], _ name: String) throws(CheckpointError) -> Leaf {
            let sizes = try list(members["shape"], name).map { size throws(CheckpointError) in
                guard case .integer(let size) = size else { throw malformed(name, "has no usable shape") }
                return size
            }
            var (bytes, type): ([ByteSource], ElementType?) = ([], nil)
            for piece in try list(members["chunks"], name) {
                guard case .extended(1, let payload) = piece else {
                    throw malformed(name, "has a piece that is no array")
                }
                let (shape, data) = try array(payload, name)
                guard type == nil || type == shape.elementType else {
                    throw malformed(name, "has pieces of several types")
                }
                type = shape.elementType
                bytes.append(data)
            }
            guard let type else { throw malformed(name, "has no pieces") }
            return .inline(try self.shape(sizes, type, bytes.reduce(0) { $0 + $1.count }, name), bytes)
        }

        private func list(_ value: MessagePackValue?, _ name: String) throws(CheckpointError) -> [MessagePackValue] {
            if case .array(let elements) = value { return elements }
            guard case .map(let members) = value else { throw malformed(name, "lacks a list") }
            return try (0..<members.count).map { index throws(CheckpointError) in
                guard let element = members["\(index)"] else {
                    throw malformed(name, "lacks element \(index) of a list")
                }
                return element
            }
        }

        /// The payload of an array: its shape, the name of its type, its bytes.
        private func array(_ payload: ByteSource, _ name: String) throws(CheckpointError) -> (ArrayShape, ByteSource) {
            let value: MessagePackValue
            do {
                value = try MessagePackReader.read(payload)
            } catch {
                throw .malformedMessagePack(file: file, problem: error)
            }
            guard case .array(let members) = value, members.count == 3, case .array(let sizes) = members[0],
                case .string(let type) = members[1], case .binary(let data) = members[2]
            else { throw malformed(name, "is no array of Flax") }
            guard let elementType = T5XIndex.elementTypes[type] else {
                throw .malformedArray(file: "\(file): \(name)", problem: .unknownType(type))
            }
            let numbers = try sizes.map { size throws(CheckpointError) in
                guard case .integer(let size) = size else { throw malformed(name, "has no usable shape") }
                return size
            }
            return (try shape(numbers, elementType, data.count, name), data)
        }

        private func shape(
            _ sizes: [Int],
            _ type: ElementType,
            _ bytes: Int,
            _ name: String
        ) throws(CheckpointError) -> ArrayShape {
            do throws(ArrayProblem) {
                let shape = try ArrayShape(sizes: sizes, chunk: sizes.map { max(1, $0) }, type)
                let expected = shape.elementCount * type.byteCount
                guard bytes == expected else { throw .inlineLength(found: bytes, expected: expected) }
                return shape
            } catch {
                throw .malformedArray(file: "\(file): \(name)", problem: error)
            }
        }
    }

    private static let chunkedMark = "__msgpack_chunked_array__"
    private static let elementTypes: [String: ElementType] = [
        "float64": .float64, "float32": .float32, "float16": .float16, "bfloat16": .bfloat16, "uint16": .bfloat16,
    ]
}
