/// Makes stored numbers Float without branches, so that the loops vectorise; exactly, but for wider ones.
///
/// Sources are little-endian and need no alignment. Part of the fence around unsafe memory: only `StoredTensor` calls it.
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
