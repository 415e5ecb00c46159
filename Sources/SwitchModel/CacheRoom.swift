package import Tensors

/// What keys and values are rounded to, and the most memory they take.
package struct CacheRoom: Equatable, Sendable {
    package var precision: KeyValuePool.Precision
    /// The most they take.
    package var bytes: Int

    package init(_ precision: KeyValuePool.Precision, bytes: Int) {
        (self.precision, self.bytes) = (precision, bytes)
    }
}

/// Keys and values of what is to run need more memory than was set aside for them.
package struct CacheTooSmall: Error, CustomStringConvertible {
    /// Bytes, rounded up to whole blocks.
    package let needed: Int
    /// Bytes set aside.
    package let available: Int

    package var description: String {
        "keys and values need \(needed) bytes and have \(available): more is given by --cache-memory"
    }
}

extension SwitchTransformer {
    /// Positions that a prompt and a history of one slot take, in whole blocks.
    package func cachePositions(prompt: Int, positions: Int) -> Int {
        func blocks(_ rows: Int) -> Int { (rows + KeyValuePool.blockRows - 1) / KeyValuePool.blockRows }
        return (blocks(prompt) + blocks(positions)) * KeyValuePool.blockRows
    }

    /// For callers that admit no requests: `states` held at once, each of a prompt and so many positions of its own.
    ///
    /// An encoder alone needs none.
    package func checkCacheRoom(states: Int, prompt: Int, positions: Int) throws(CacheTooSmall) {
        guard let pool = halves.decoding?.pool else { return }
        let rows = states * cachePositions(prompt: prompt, positions: positions)
        guard rows <= pool.rows else {
            throw CacheTooSmall(needed: rows * cacheBytesPerPosition, available: pool.rows * cacheBytesPerPosition)
        }
    }
}
