import Synchronization

/// What the task of a connection sees of the bytes that have arrived.
extension Channel {
    /// Whether bytes wait to be parsed.
    ///
    /// Looking takes no news away: a parser that has not seen them is still woken.
    var hasInbound: Bool { state.withLock { !$0.inbound.isEmpty } }

    /// Hands the bytes that are there to `body`, which consumes what it can use.
    func withInbound<T, E: Error>(_ body: (inout InboundBytes) throws(E) -> T) throws(E) -> T {
        try state.withLock { state throws(E) in
            state.hasNews = false
            defer { if state.isReadSuspended { resumeReading(&state) } }
            return try body(&state.inbound)
        }
    }

    /// Waits until bytes can be exchanged.
    ///
    /// - Throws: `disconnected` when the client leaves before.
    func awaitEstablished() async throws(SocketError) {
        while !state.withLock({ $0.isEstablished }) {
            guard try await awaitBytes() else { throw .disconnected }
        }
    }

    /// Waits until bytes have arrived since the last look.
    ///
    /// - Returns: false at the end of the stream.
    func awaitBytes() async throws(SocketError) -> Bool {
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                if state.hasNews || state.hasEnded || state.readFailure != nil { return false }
                state.reader = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
        let (hasNews, failure) = state.withLock { ($0.hasNews, $0.readFailure) }
        if let failure { throw failure }
        return hasNews
    }

    /// Whether the connection was given up because the client read nothing for too long.
    var isStalled: Bool { state.withLock { $0.writeFailure == .timedOut } }

    /// Whether the client has closed its side or the connection broke.
    var hasDeparted: Bool { state.withLock { $0.hasEnded || $0.writeFailure != nil } }
}
