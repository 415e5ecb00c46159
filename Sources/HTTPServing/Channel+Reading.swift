import Dispatch
import Synchronization

extension Channel {
    /// Runs on `queue` when the socket has something to read.
    func readable() {
        let (waiters, departure) = state.withLock { state in
            guard !state.isClosed, state.readFailure == nil, !state.hasEnded else {
                // The socket stays readable; an active source would call again at once.
                suspendReading(&state)
                return ([CheckedContinuation<Void, Never>](), nil as (@Sendable () -> Void)?)
            }
            do throws(SocketError) {
                try fill(&state)
            } catch {
                state.readFailure = error
                state.writeFailure = error
            }
            return finishReading(&state)
        }
        for waiter in waiters { waiter.resume() }
        departure?()
    }

    private func finishReading(
        _ state: inout State
    ) -> ([CheckedContinuation<Void, Never>], (@Sendable () -> Void)?) {
        let isOver = state.hasEnded || state.readFailure != nil
        if isOver || state.inbound.count >= limits.bufferedBytes { suspendReading(&state) }
        if state.readFailure != nil {
            let departure = state.onDeparture
            state.onDeparture = nil
            return (state.takeWaiters(), departure)
        }
        let departure = isOver ? state.onDeparture : nil
        if isOver { state.onDeparture = nil }
        guard let reader = state.reader, state.hasNews || isOver else { return ([], departure) }
        state.reader = nil
        return ([reader], departure)
    }

    private func fill(_ state: inout State) throws(SocketError) {
        var amount = 0
        var failure: SocketError?
        withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 1) { buffer in
            while state.inbound.count < limits.bufferedBytes {
                do throws(SocketError) {
                    guard case .transferred(let count) = try transport.read(into: buffer) else { return }
                    if count == 0 {
                        state.hasEnded = true
                        return
                    }
                    state.inbound.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    amount += count
                    // A short read means that the socket is empty; the source tells when it no longer is.
                    if count < buffer.count { return }
                } catch {
                    failure = error
                    return
                }
            }
        }
        if amount > 0 {
            state.hasNews = true
            state.deadline.received(bytes: amount)
        }
        if let failure { throw failure }
    }

    private func suspendReading(_ state: inout State) {
        guard !state.isReadSuspended else { return }
        state.isReadSuspended = true
        state.readSource?.suspend()
    }

    /// Whether bytes wait to be parsed.
    ///
    /// Looking takes no news away: a parser that has not seen them is still woken.
    var hasInbound: Bool { state.withLock { !$0.inbound.isEmpty } }

    /// Hands the bytes that are there to `body`, which consumes what it can use.
    func withInbound<T, E: Error>(_ body: (inout InboundBytes) throws(E) -> T) throws(E) -> T {
        try state.withLock { state throws(E) in
            state.hasNews = false
            defer {
                let isOver = state.hasEnded || state.readFailure != nil || state.isClosed
                if state.isReadSuspended, !isOver, state.inbound.count < limits.bufferedBytes,
                    let source = state.readSource
                {
                    state.isReadSuspended = false
                    source.resume()
                }
            }
            return try body(&state.inbound)
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
