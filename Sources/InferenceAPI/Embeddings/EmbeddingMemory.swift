import Synchronization

/// Memory that embeddings and states take from the moment they are asked for until they are sent.
final class EmbeddingMemory: Sendable {
    private let limit: Int
    private let taken = Mutex(0)

    /// - Parameter limit: bytes of all answers together.
    init(limit: Int) {
        self.limit = limit
    }

    /// Sets bytes aside for as long as the result lives; one answer larger than the limit has it to itself.
    ///
    /// - Throws: `.embeddingMemoryFull` while others take them.
    func take(_ bytes: Int) throws(APIError) -> Share {
        let isTaken = taken.withLock { taken in
            guard taken == 0 || taken + bytes <= limit else { return false }
            taken += bytes
            return true
        }
        guard isTaken else { throw .embeddingMemoryFull }
        return Share(bytes, of: self)
    }

    /// Bytes that an answer takes.
    final class Share: Sendable {
        private let bytes: Int
        private let memory: EmbeddingMemory

        fileprivate init(_ bytes: Int, of memory: EmbeddingMemory) {
            (self.bytes, self.memory) = (bytes, memory)
        }

        deinit { memory.taken.withLock { $0 -= bytes } }
    }
}
