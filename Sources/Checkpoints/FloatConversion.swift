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
        switch type {
        case .float32:
            UnsafeMutableRawPointer(destination).copyMemory(from: source, byteCount: count * 4)
        case .float64, .bfloat16, .float16:
            gather(type, from: source, stride: 1, into: destination, count: count)
        }
    }

    /// Converts elements that are `stride` elements apart.
    ///
    /// - Precondition: as for `convert`, but `source` holds `(count - 1) * stride + 1` elements.
    @inline(__always)
    static func gather(
        _ type: ElementType,
        from source: UnsafeRawPointer,
        stride: Int,
        into destination: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        let step = stride &* type.byteCount
        switch type {
        case .float64:
            for index in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: index &* step, as: UInt64.self)
                destination[index] = Float(Double(bitPattern: UInt64(littleEndian: bits)))
            }
        case .float32:
            for index in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: index &* step, as: UInt32.self)
                destination[index] = Float(bitPattern: UInt32(littleEndian: bits))
            }
        case .bfloat16:
            for index in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: index &* step, as: UInt16.self)
                destination[index] = Float(bitPattern: UInt32(UInt16(littleEndian: bits)) << 16)
            }
        case .float16:
            for index in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: index &* step, as: UInt16.self)
                destination[index] = float(half: UInt16(littleEndian: bits))
            }
        }
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
