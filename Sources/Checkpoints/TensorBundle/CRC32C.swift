/// The checksum of Castagnoli's polynomial, as LevelDB and TensorFlow store it.
enum CRC32C {
    /// Eight tables, so that eight bytes are taken at once.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for index in 0..<256 {
            var value = UInt32(index)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            tables[index] = value
        }
        for index in 256..<tables.count {
            let before = tables[index - 256]
            tables[index] = before >> 8 ^ tables[Int(before & 255)]
        }
        return tables
    }()

    /// The checksum of `bytes` after those that gave `start`.
    static func checksum(_ bytes: UnsafeRawBufferPointer, after start: UInt32 = 0) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            var sum = ~start
            var position = 0
            while position + 8 <= bytes.count {
                let word =
                    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)) ^ UInt64(sum)
                sum = 0
                for byte in 0..<8 { sum ^= tables[(7 - byte) * 256 + Int(word >> (8 * UInt64(byte)) & 255)] }
                position += 8
            }
            while position < bytes.count {
                sum = sum >> 8 ^ tables[Int((sum ^ UInt32(bytes[position])) & 255)]
                position += 1
            }
            return ~sum
        }
    }

    /// As it is stored: rotated and moved, so that the checksum of what holds a checksum is none of it.
    static func masked(_ sum: UInt32) -> UInt32 { (sum >> 15 | sum << 17) &+ 0xA282_EAD8 }
}
