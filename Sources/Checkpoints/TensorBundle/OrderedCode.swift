/// The keys of variables in parts: text and numbers written so that their bytes have their order (TensorFlow,
/// `core/lib/strings/ordered_code.h`, `saved_tensor_slice_util.cc`).
enum OrderedCode {
    /// The key of a part of the variable `name`.
    ///
    /// - Parameter extents: where the part begins along each dimension, and how long it is; -1 for all of it.
    static func key(of name: String, _ extents: [(start: Int, length: Int)]) -> [UInt8] {
        number(0) + text(name) + number(extents.count)
            + extents.flatMap { signed($0.start) + signed($0.length) }
    }

    private static func number(_ value: Int) -> [UInt8] {
        let bytes = (0..<8).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }.drop { $0 == 0 }
        return [UInt8(bytes.count)] + bytes
    }

    private static func text(_ text: String) -> [UInt8] {
        text.utf8.flatMap { byte -> [UInt8] in byte == 0 ? [0, 255] : byte == 255 ? [255, 0] : [byte] } + [0, 1]
    }

    /// How long a number is, its first bits say.
    private static func signed(_ value: Int) -> [UInt8] {
        let magnitude = value < 0 ? ~value : value
        if magnitude < 64 { return [0x80 ^ UInt8(truncatingIfNeeded: value)] }
        var size = 2
        while size < 9, magnitude >= 1 << (7 * size - 1) { size += 1 }
        var bytes = (0..<size).reversed().map { UInt8(truncatingIfNeeded: $0 < 8 ? value >> (8 * $0) : value >> 63) }
        let head: [UInt8] = [0, 0x80, 0xC0, 0xE0, 0xF0, 0xF8, 0xFC, 0xFE, 0xFF, 0xFF]
        bytes[0] ^= head[size]
        if size >= 9 { bytes[1] ^= 0x80 }
        return bytes
    }
}
