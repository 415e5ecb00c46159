import Glibc

/// Bytes received and not yet consumed, in order.
struct InboundBytes {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }
    var isEmpty: Bool { count == 0 }

    init() {}

    init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    mutating func append(_ received: UnsafeRawBufferPointer) {
        // Moving what is left costs no more than what was consumed before it, so the total stays linear.
        if start > count {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: received)
    }

    /// - Parameter amount: not above `count`.
    mutating func consume(_ amount: Int) {
        precondition(amount <= count)
        start += amount
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            start = 0
        }
    }

    subscript(offset: Int) -> UInt8 { bytes[start + offset] }

    subscript(range: Range<Int>) -> ArraySlice<UInt8> {
        bytes[(start + range.lowerBound)..<(start + range.upperBound)]
    }

    func firstLineFeed(from offset: Int) -> Int? {
        bytes.withUnsafeBytes { all in
            guard let base = all.baseAddress, offset < count else { return nil }
            guard let found = memchr(base + start + offset, 10, count - offset) else { return nil }
            return UnsafeRawPointer(found) - base - start
        }
    }
}
