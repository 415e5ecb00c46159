/// Byte strings with a value each, found from where they begin.
struct ByteTrie: Sendable {
    /// Node and byte to the node below; the root is node 0.
    private var children: [UInt64: Int32] = [:]
    /// The value of the string that ends at a node, -1 where none does.
    private var values: [Int32] = [-1]

    /// Adds `key` unless it is there.
    ///
    /// - Returns: whether it was added.
    /// - Parameter value: 0 or more.
    mutating func insert(_ key: some Sequence<UInt8>, value: Int32) -> Bool {
        var node: Int32 = 0
        for byte in key {
            if let next = child(of: node, byte) {
                node = next
            } else {
                let next = Int32(values.count)
                children[Self.edge(node, byte)] = next
                values.append(-1)
                node = next
            }
        }
        guard values[Int(node)] < 0 else { return false }
        values[Int(node)] = value
        return true
    }

    /// Calls `body` with the value and the end of every key that begins at `start`, shortest first.
    func forEachMatch(in bytes: [UInt8], at start: Int, _ body: (_ value: Int32, _ end: Int) -> Void) {
        var node: Int32 = 0
        var end = start
        while end < bytes.count, let next = child(of: node, bytes[end]) {
            node = next
            end += 1
            if values[Int(node)] >= 0 { body(values[Int(node)], end) }
        }
    }

    /// The longest key that begins at `start`.
    func longestMatch(in bytes: [UInt8], at start: Int) -> (value: Int32, end: Int)? {
        var longest: (Int32, Int)?
        forEachMatch(in: bytes, at: start) { longest = ($0, $1) }
        return longest
    }

    /// The value of `key`, nil when it was not added.
    subscript(key: some Sequence<UInt8>) -> Int32? {
        var node: Int32 = 0
        for byte in key {
            guard let next = child(of: node, byte) else { return nil }
            node = next
        }
        return values[Int(node)] >= 0 ? values[Int(node)] : nil
    }

    private func child(of node: Int32, _ byte: UInt8) -> Int32? { children[Self.edge(node, byte)] }

    private static func edge(_ node: Int32, _ byte: UInt8) -> UInt64 { UInt64(node) << 8 | UInt64(byte) }
}
