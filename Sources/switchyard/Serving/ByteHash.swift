import Foundation

/// FNV-1a of bytes: it tells one thing from another, and is no secret.
struct ByteHash: CustomStringConvertible {
    private var hash: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    var description: String { String(format: "%016lx", hash) }
}
