private import Synchronization

/// A variable of a bundle as an array of one chunk: where it lies in its file, or put together of its parts.
final class BundleVariable: ChunkStore {
    private let bundle: TensorBundle
    private let name: String
    private let entry: BundleEntry
    /// Where it lies, once that was compared with its checksum.
    private let checked = Mutex<ByteSource?>(nil)

    let isPacked: Bool

    private init(_ bundle: TensorBundle, _ name: String, _ entry: BundleEntry) {
        (self.bundle, self.name, self.entry) = (bundle, name, entry)
        isPacked = !entry.slices.isEmpty
    }

    /// TensorFlow's numbers of types (`DataType`).
    private static let elementTypes: [Int: ElementType] = [1: .float32, 2: .float64, 14: .bfloat16, 19: .float16]

    /// - Throws: `.malformedArray` for a type that is not computed with, and for sizes that contradict each other.
    static func array(
        _ name: String,
        _ entry: BundleEntry,
        in bundle: TensorBundle
    ) throws(CheckpointError) -> ChunkedArray {
        let path = "\(bundle.prefix).index: \(name)"
        do throws(ArrayProblem) {
            guard let type = elementTypes[entry.type] else { throw .unknownType("\(entry.type)") }
            let shape = try ArrayShape(sizes: entry.shape, chunk: entry.shape.map { max(1, $0) }, type)
            let expected = shape.elementCount * type.byteCount
            guard !entry.slices.isEmpty || entry.bytes.count == expected else {
                throw .inlineLength(found: entry.bytes.count, expected: expected)
            }
            return ChunkedArray(path: path, shape: shape, store: BundleVariable(bundle, name, entry))
        } catch {
            throw .malformedArray(file: path, problem: error)
        }
    }

    func chunk(_ index: [Int], of array: ChunkedArray) throws(CheckpointError) -> Chunk {
        guard entry.slices.isEmpty else { return .unpacked(try joined(array)) }
        return try checked.withLock { checked throws(CheckpointError) in
            if let checked { return .mapped(checked) }
            let bytes = try bundle.bytes(of: entry, named: name)
            checked = bytes
            return .mapped(bytes)
        }
    }

    /// The parts, each where it belongs.
    ///
    /// - Throws: `.malformedArray` for parts that are missing, of another type or size, or do not fill the variable.
    private func joined(_ array: ChunkedArray) throws(CheckpointError) -> ByteSource {
        let (sizes, size) = (array.shape.sizes, array.shape.elementType.byteCount)
        var bytes = [UInt8](repeating: 0, count: array.shape.elementCount * size)
        var filled = 0
        for slice in entry.slices {
            let ranges = zip(slice.extents, sizes).map { ($0.start, $0.length ?? $1 - $0.start) }
            guard slice.extents.count == sizes.count,
                zip(ranges, sizes).allSatisfy({ $0.0 >= 0 && $0.1 >= 0 && $0.0 <= $1 && $0.1 <= $1 - $0.0 }),
                let part = bundle.part(of: name, slice, of: sizes), part.type == entry.type
            else { throw .malformedArray(file: array.path, problem: .badMember("slices")) }
            let source = try bundle.bytes(of: part, named: name)
            let count = ranges.reduce(1) { $0 * $1.1 }
            guard source.count == count * size else {
                throw .malformedArray(
                    file: array.path,
                    problem: .inlineLength(found: source.count, expected: count * size)
                )
            }
            filled += count
            Self.copy(source.bytes(in: 0..<source.count), ranges, into: &bytes, sizes: sizes, elementBytes: size)
        }
        guard filled == array.shape.elementCount else {
            throw .malformedArray(file: array.path, problem: .badMember("slices"))
        }
        return ByteSource(bytes)
    }

    /// Copies a block, run by run along the last dimension.
    private static func copy(
        _ source: [UInt8],
        _ ranges: [(start: Int, count: Int)],
        into target: inout [UInt8],
        sizes: [Int],
        elementBytes: Int
    ) {
        let run = (ranges.last?.count ?? 1) * elementBytes
        guard run > 0 else { return }
        for number in 0..<source.count / run {
            var (rest, offset, stride) = (number, (ranges.last?.start ?? 0) * elementBytes, elementBytes)
            for axis in ranges.indices.reversed() {
                if axis < ranges.count - 1 {
                    offset += (ranges[axis].start + rest % ranges[axis].count) * stride
                    rest /= ranges[axis].count
                }
                stride *= sizes[axis]
            }
            target.replaceSubrange(offset..<offset + run, with: source[number * run..<(number + 1) * run])
        }
    }
}
