/// Bytes that one rank sends another, in memory that is kept from message to message.
///
/// The one fenced unsafe type of this target. Numbers are written in the order of the processor's bytes: all ranks of a job
/// run the same program on the same kind of processor.
///
/// Owned by one thread at a time.
package final class RankMessage {
    /// The most bytes of a message.
    package static let largest = 1 << 30

    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    /// Bytes of it.
    package private(set) var count = 0

    /// An empty one.
    package init() {
        capacity = 256
        memory = .allocate(byteCount: capacity, alignment: 64)
    }

    deinit { memory.deallocate() }

    /// What was written or received.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

    /// Makes it empty, to be written again.
    package func removeAll() { count = 0 }

    /// Appends a number of four bytes.
    package func append(_ value: Int) {
        precondition(value >= 0 && value <= UInt32.max, "\(value) is no UInt32")
        append(bytes: 4) { $0.storeBytes(of: UInt32(value), as: UInt32.self) }
    }

    /// Appends the bits of a number of eight bytes.
    package func append(bits: UInt64) {
        append(bytes: 8) { $0.storeBytes(of: bits, as: UInt64.self) }
    }

    /// Appends as many bytes as `fill` then sets, all of them.
    package func append(bytes added: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        reserve(count + added)
        fill(UnsafeMutableRawBufferPointer(start: memory + count, count: added))
        count += added
    }

    /// Appends a text behind its length.
    package func append(_ text: String) {
        let utf8 = Array(text.utf8)
        append(utf8.count)
        append(bytes: utf8.count) { $0.copyBytes(from: utf8) }
    }

    /// Asks for memory only where the message is larger than any before it.
    private func reserve(_ bytes: Int) {
        guard bytes > capacity else { return }
        capacity = max(bytes, 2 * capacity)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
        larger.copyMemory(from: memory, byteCount: count)
        memory.deallocate()
        memory = larger
    }
}

/// Takes a message apart, from its first byte on.
package struct RankMessageReader {
    private let message: RankMessage
    private let rank: Int
    private var offset = 0

    /// - Parameter rank: whom errors name.
    package init(_ message: RankMessage, from rank: Int) { (self.message, self.rank) = (message, rank) }

    /// What is behind what was read.
    package var bytesLeft: Int { message.count - offset }

    /// - Parameter limit: the number is below it.
    package mutating func integer(below limit: Int = Int(UInt32.max), _ name: String) throws(RanksError) -> Int {
        let value = Int(try bytes(4, name).loadUnaligned(as: UInt32.self))
        guard value < limit else {
            throw .malformed(rank: rank, reason: "\(name) is \(value), expected below \(limit)")
        }
        return value
    }

    /// The next number of eight bytes, by its bits.
    package mutating func bits(_ name: String) throws(RanksError) -> UInt64 {
        try bytes(8, name).loadUnaligned(as: UInt64.self)
    }

    /// The next text.
    package mutating func text(_ name: String) throws(RanksError) -> String {
        let count = try integer("length of \(name)")
        return String(decoding: try bytes(count, name), as: UTF8.self)
    }

    /// The next bytes, valid as long as the message is not changed.
    package mutating func bytes(_ count: Int, _ name: String) throws(RanksError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytesLeft else {
            throw .malformed(rank: rank, reason: "it ends within \(name)")
        }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: message.bytes[offset..<offset + count])
    }

    /// - Throws: `.malformed` where something is left.
    package func expectEnd() throws(RanksError) {
        guard bytesLeft == 0 else { throw .malformed(rank: rank, reason: "\(bytesLeft) bytes more than expected") }
    }
}
