/// What the index of a bundle says of one variable (`BundleEntryProto` of TensorFlow).
struct BundleEntry: Equatable, Sendable {
    /// A block of a variable that was stored in parts: where it begins along each dimension, and how long it is.
    struct Slice: Equatable, Sendable {
        /// nil for a whole dimension.
        var extents: [(start: Int, length: Int?)]

        static func == (a: Slice, b: Slice) -> Bool {
            a.extents.elementsEqual(b.extents) { $0.start == $1.start && $0.length == $1.length }
        }
    }

    var type = 0
    var shape: [Int] = []
    var shard = 0
    var bytes = 0..<0
    /// Masked, of all its bytes.
    var checksum: UInt32 = 0
    /// Of a variable in parts, each of which has an entry of its own.
    var slices: [Slice] = []

    /// - Parameter range: of the message within `source`.
    init(_ source: [UInt8], _ range: Range<Int>) throws(TableProblem) {
        var fields = ProtobufFields(source, range)
        var (offset, size) = (0, 0)
        while let (number, value) = try fields.next() {
            switch (number, value) {
            case (1, .varint(let value)): type = try Self.size(value)
            case (2, .bytes(let range)): shape = try Self.shape(source, range)
            case (3, .varint(let value)): shard = try Self.size(value)
            case (4, .varint(let value)): offset = try Self.size(value)
            case (5, .varint(let value)): size = try Self.size(value)
            case (6, .fixed(let value)): checksum = value
            case (7, .bytes(let range)): slices.append(try Self.slice(source, range))
            default: break
            }
        }
        let (end, overflow) = offset.addingReportingOverflow(size)
        guard !overflow else { throw .badMessage }
        bytes = offset..<end
    }

    private static func size(_ value: UInt64) throws(TableProblem) -> Int {
        guard let size = Int(exactly: value) else { throw .badMessage }
        return size
    }

    /// `TensorShapeProto`: its second field is a dimension, of which the first field is the size.
    private static func shape(_ source: [UInt8], _ range: Range<Int>) throws(TableProblem) -> [Int] {
        var fields = ProtobufFields(source, range)
        var sizes: [Int] = []
        while let (number, value) = try fields.next() {
            guard number == 2, case .bytes(let range) = value else { continue }
            guard sizes.count < ArrayLimits.dimensions else { throw .badMessage }
            sizes.append(try pair(source, range).first ?? 0)
        }
        return sizes
    }

    /// `TensorSliceProto`: its first field is an extent.
    private static func slice(_ source: [UInt8], _ range: Range<Int>) throws(TableProblem) -> Slice {
        var fields = ProtobufFields(source, range)
        var slice = Slice(extents: [])
        while let (number, value) = try fields.next() {
            guard number == 1, case .bytes(let range) = value else { continue }
            guard slice.extents.count < ArrayLimits.dimensions else { throw .badMessage }
            let (start, length) = try pair(source, range)
            slice.extents.append((start ?? 0, length))
        }
        return slice
    }

    /// The first two fields of a message, both numbers.
    private static func pair(
        _ source: [UInt8],
        _ range: Range<Int>
    ) throws(TableProblem) -> (first: Int?, second: Int?) {
        var fields = ProtobufFields(source, range)
        var pair: (first: Int?, second: Int?) = (nil, nil)
        while let (number, value) = try fields.next() {
            guard case .varint(let value) = value else { continue }
            if number == 1 { pair.first = try size(value) }
            if number == 2 { pair.second = try size(value) }
        }
        return pair
    }
}
