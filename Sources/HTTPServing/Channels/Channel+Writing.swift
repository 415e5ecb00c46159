import Dispatch
import Synchronization

extension Channel {
    /// Returns when the socket took every byte.
    ///
    /// - Throws: when the client has gone, or takes nothing for as long as the write deadline allows.
    func write(_ bytes: [UInt8]) async throws(SocketError) {
        var sent = 0
        var hasWaited = false
        while sent < bytes.count {
            switch try send(bytes, from: sent) {
            case .transferred(let count):
                sent += count
            case .wouldBlock(let readiness):
                begin(.writing)
                hasWaited = true
                try await awaitWriting(readiness)
            }
        }
        if hasWaited { begin(.handling) }
    }

    /// Tells the client that nothing more will be sent, and returns when that is on its way.
    ///
    /// - Throws: as `write` does.
    func shutDownWriting() async throws(SocketError) {
        while true {
            let result = try attempt { transport throws(SocketError) in try transport.shutDownWriting() }
            guard case .wouldBlock(let readiness) = result else { return }
            begin(.writing)
            try await awaitWriting(readiness)
        }
    }

    private func send(_ bytes: [UInt8], from offset: Int) throws(SocketError) -> TransferResult {
        try attempt { transport throws(SocketError) in
            try bytes.withUnsafeBufferPointer { buffer throws(SocketError) in
                try transport.write(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: buffer[offset...])))
            }
        }
    }

    private func attempt(
        _ body: (any ByteTransport) throws(SocketError) -> TransferResult
    ) throws(SocketError) -> TransferResult {
        try state.withLock { state throws(SocketError) in
            if let failure = state.writeFailure { throw failure }
            let result: TransferResult
            do throws(SocketError) {
                result = try body(transport)
            } catch {
                // That the client has gone may show here before it does in what is read.
                state.writeFailure = error
                throw error
            }
            // Noted under the lock: what is read from here on ends the wait, even before it has begun.
            state.writeAwaitsReading = result == .wouldBlock(.readable)
            return result
        }
    }

    private func awaitWriting(_ readiness: SocketReadiness) async throws(SocketError) {
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                if state.writeFailure != nil { return false }
                switch readiness {
                case .writable: armWriting(&state)
                case .readable: if !state.writeAwaitsReading { return false }
                }
                state.writer = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
        if let failure = state.withLock({ $0.writeFailure }) { throw failure }
    }

    func armWriting(_ state: inout State) {
        guard state.isWriteSuspended else { return }
        state.isWriteSuspended = false
        state.watch?.begin(.writing)
    }

    /// Runs on `queue` when the socket takes bytes again.
    func writable() {
        let news = state.withLock { state in
            guard !state.isWriteSuspended, !state.isClosed else { return News() }
            state.isWriteSuspended = true
            state.watch?.end(.writing)
            var news = News()
            if state.readAwaitsWriting {
                state.readAwaitsWriting = false
                news = read(&state)
                resumeReading(&state)
            }
            if !state.writeAwaitsReading { news.waiters += state.takeWriter() }
            return news
        }
        news.tell()
    }
}
