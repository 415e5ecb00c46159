import Dispatch
import Synchronization

extension Channel {
    /// Runs on `queue` when the socket has something to read.
    func readable() {
        let news = state.withLock { state in
            guard !state.isClosed, state.readFailure == nil, !state.hasEnded else {
                // The socket stays readable; a watch would tell so again at once.
                suspendReading(&state)
                return News()
            }
            return read(&state)
        }
        news.tell()
    }

    /// Takes what the socket has.
    func read(_ state: inout State) -> News {
        do throws(SocketError) {
            if try establish(&state) { try fill(&state) }
        } catch {
            state.readFailure = error
            // Who does not speak TLS can still be told so.
            if error != .plainRequest { state.writeFailure = error }
        }
        return finishReading(&state)
    }

    private func finishReading(_ state: inout State) -> News {
        let isOver = state.hasEnded || state.readFailure != nil
        if isOver || state.readAwaitsWriting || state.inbound.count >= limits.bufferedBytes { suspendReading(&state) }
        var news = News(departure: isOver ? state.takeDeparture() : nil)
        if state.hasNews || isOver { news.waiters += state.takeReader() }
        if state.writeAwaitsReading || state.readFailure != nil { news.waiters += state.takeWriter() }
        state.writeAwaitsReading = false
        return news
    }

    /// - Returns: whether bytes can be read now.
    private func establish(_ state: inout State) throws(SocketError) -> Bool {
        guard !state.isEstablished else { return true }
        switch try transport.establish() {
        case .transferred:
            state.isEstablished = true
            state.hasNews = true
            return true
        case .wouldBlock(let readiness):
            postponeReading(until: readiness, &state)
            return false
        }
    }

    /// Being readable needs no more than the watch that is there.
    private func postponeReading(until readiness: SocketReadiness, _ state: inout State) {
        guard readiness == .writable else { return }
        state.readAwaitsWriting = true
        armWriting(&state)
    }

    private func fill(_ state: inout State) throws(SocketError) {
        var amount = 0
        var failure: SocketError?
        withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 1) { buffer in
            while state.inbound.count < limits.bufferedBytes {
                do throws(SocketError) {
                    let count: Int
                    switch try transport.read(into: buffer) {
                    case .transferred(let amount): count = amount
                    case .wouldBlock(let readiness): return postponeReading(until: readiness, &state)
                    }
                    if count == 0 {
                        state.hasEnded = true
                        return
                    }
                    state.inbound.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    amount += count
                    // A short read means that the socket is empty; the watch tells when it no longer is.
                    if count < buffer.count, !transport.hasBufferedInput { return }
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
        state.watch?.end(.reading)
    }

    func resumeReading(_ state: inout State) {
        let isOver = state.hasEnded || state.readFailure != nil || state.isClosed
        guard state.isReadSuspended, !isOver, !state.readAwaitsWriting, state.inbound.count < limits.bufferedBytes,
            let watch = state.watch
        else { return }
        state.isReadSuspended = false
        watch.begin(.reading)
        // What lies decrypted in the transport does not make the socket readable.
        if transport.hasBufferedInput { queue.async { [weak self] in self?.readable() } }
    }
}
