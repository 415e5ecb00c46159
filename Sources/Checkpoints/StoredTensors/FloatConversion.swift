/// Makes stored numbers Float without branches, so that the loops vectorise; exactly, but for wider ones.
///
/// Sources are little-endian and need no alignment. Part of the fence around unsafe memory: only `StoredTensor` and its parts call it.
enum FloatConversion {
    /// - Precondition: `source` holds `count` elements of `type`, `destination` has room for `count`; no overlap.
    static func convert(
        _ type: ElementType,
        from source: UnsafeRawPointer,
        into destination: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        // Offsets by a constant: by a variable one, as below, the loops do not vectorise.
        switch type {
        case .float64: for index in 0..<count { destination[index] = double(source, at: index &* 8) }
        case .float32: UnsafeMutableRawPointer(destination).copyMemory(from: source, byteCount: count * 4)
        case .bfloat16: for index in 0..<count { destination[index] = brain(source, at: index &* 2) }
        case .float16: for index in 0..<count { destination[index] = half(source, at: index &* 2) }
        }
    }

    /// Converts elements that are `stride` elements apart.
    ///
    /// - Precondition: as for `convert`, but `source` holds `(count - 1) * stride + 1` elements.
    static func gather(
        _ type: ElementType,
        from source: UnsafeRawPointer,
        stride: Int,
        into destination: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        let step = stride * type.byteCount
        switch type {
        case .float64: for index in 0..<count { destination[index] = double(source, at: index &* step) }
        case .float32: for index in 0..<count { destination[index] = single(source, at: index &* step) }
        case .bfloat16: for index in 0..<count { destination[index] = brain(source, at: index &* step) }
        case .float16: for index in 0..<count { destination[index] = half(source, at: index &* step) }
        }
    }

    /// Rows that are columns where they are stored.
    struct Block {
        let rows: Int
        let columns: Int
        /// Elements of the destination for one row.
        let width: Int
        /// Elements of the source for one column.
        let stride: Int
    }

    /// Rows taken at once: a cache line of the source, and as many lines of the destination.
    private static let tile = 16

    /// Converts elements that follow each other from row to row, so that every line of the source is read once.
    ///
    /// - Precondition: as for `convert`; the source holds `stride * (columns - 1) + rows` elements.
    static func transpose(
        _ type: ElementType,
        from source: UnsafeRawPointer,
        into destination: UnsafeMutablePointer<Float>,
        _ block: Block
    ) {
        let size = type.byteCount
        for first in Swift.stride(from: 0, to: block.rows, by: tile) {
            let rows = min(tile, block.rows - first)
            let (source, target) = (source + first * size, destination + first * block.width)
            let step = block.stride &* size
            switch type {
            case .float64: scatter(block, rows, target) { double(source, at: $0 &* step &+ $1 &* 8) }
            case .float32: scatter(block, rows, target) { single(source, at: $0 &* step &+ $1 &* 4) }
            case .float16: scatter(block, rows, target) { half(source, at: $0 &* step &+ $1 &* 2) }
            case .bfloat16: scatter(block, rows, target) { brain(source, at: $0 &* step &+ $1 &* 2) }
            }
        }
    }

    @inline(__always)
    private static func scatter(
        _ block: Block,
        _ rows: Int,
        _ target: UnsafeMutablePointer<Float>,
        _ element: (_ column: Int, _ row: Int) -> Float
    ) {
        for column in 0..<block.columns {
            for row in 0..<rows { target[row &* block.width &+ column] = element(column, row) }
        }
    }

    @inline(__always)
    private static func double(_ source: UnsafeRawPointer, at offset: Int) -> Float {
        let bits = source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        return Float(Double(bitPattern: UInt64(littleEndian: bits)))
    }

    @inline(__always)
    private static func single(_ source: UnsafeRawPointer, at offset: Int) -> Float {
        Float(bitPattern: UInt32(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    @inline(__always)
    private static func brain(_ source: UnsafeRawPointer, at offset: Int) -> Float {
        let bits = source.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        return Float(bitPattern: UInt32(UInt16(littleEndian: bits)) << 16)
    }

    @inline(__always)
    private static func half(_ source: UnsafeRawPointer, at offset: Int) -> Float {
        float(half: UInt16(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
    }

    /// The value of an IEEE 754 binary16 number, by integer arithmetic that no rounding or flush mode changes.
    @inline(__always)
    static func float(half bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let magnitude = UInt32(bits & 0x7FFF) << 13
        let exponent = magnitude & 0x0F80_0000
        let normal = magnitude &+ (112 << 23)
        let infiniteOrNaN = magnitude | 0x7F80_0000
        // A subnormal half is a multiple of 2^-24: put its digits below a leading 1 worth 2^-14, take the 1 away.
        let one: UInt32 = 113 << 23
        let subnormal = (Float(bitPattern: one | magnitude) - Float(bitPattern: one)).bitPattern
        let finite = exponent == 0 ? subnormal : normal
        return Float(bitPattern: (exponent == 0x0F80_0000 ? infiniteOrNaN : finite) | sign)
    }
}
