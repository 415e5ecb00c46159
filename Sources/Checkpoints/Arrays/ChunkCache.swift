private import Synchronization

/// Unpacked chunks in which several tensors lie, the last used ones, so that each is unpacked about once.
///
/// Any thread may use it; whoever asks for a chunk that another is unpacking waits for it.
final class ChunkCache: Sendable {
    private struct Key: Hashable {
        let array: ObjectIdentifier
        let index: [Int]
    }

    /// A chunk that somebody unpacks, and then its bytes.
    private final class Slot: Sendable {
        let chunk = Mutex<Chunk?>(nil)
    }

    private struct Contents {
        var slots: [Key: (slot: Slot, lastUsed: Int)] = [:]
        var uses = 0
        var bytes: [Key: Int] = [:]
    }

    private let contents = Mutex(Contents())
    private let limit: Int

    /// - Parameter limit: of bytes that are kept; a chunk in use may pass it.
    init(limit: Int = ArrayLimits.keptBytes) { self.limit = limit }

    /// The chunk, unpacked now if it is not here.
    func chunk(_ index: [Int], of array: ChunkedArray) throws(CheckpointError) -> Chunk {
        let key = Key(array: ObjectIdentifier(array), index: index)
        let slot = contents.withLock { contents in
            contents.uses += 1
            let slot = contents.slots[key]?.slot ?? Slot()
            contents.slots[key] = (slot, contents.uses)
            return slot
        }
        let found = try slot.chunk.withLock { present throws(CheckpointError) in
            if let present { return present }
            let chunk = try array.chunk(index)
            present = chunk
            return chunk
        }
        contents.withLock { Self.keep(key, found, in: &$0, limit: limit) }
        return found
    }

    /// Notes what a chunk takes, and lets go of those used longest ago.
    private static func keep(_ key: Key, _ chunk: Chunk, in contents: inout Contents, limit: Int) {
        guard contents.slots[key] != nil else { return }
        if case .unpacked(let bytes) = chunk { contents.bytes[key] = bytes.count }
        while contents.bytes.values.reduce(0, +) > limit {
            let oldest = contents.bytes.keys.min { a, b in
                (contents.slots[a]?.lastUsed ?? 0) < (contents.slots[b]?.lastUsed ?? 0)
            }
            guard let oldest else { return }
            contents.bytes[oldest] = nil
            contents.slots[oldest] = nil
        }
    }
}
