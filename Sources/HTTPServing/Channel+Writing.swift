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
            case .wouldBlock:
                begin(.writing)
                hasWaited = true
                try await awaitWritable()
            }
        }
        if hasWaited { begin(.handling) }
    }

    private func send(_ bytes: [UInt8], from offset: Int) throws(SocketError) -> TransferResult {
        try state.withLock { state throws(SocketError) in
            if let failure = state.writeFailure { throw failure }
            return try bytes.withUnsafeBufferPointer { buffer throws(SocketError) in
                try transport.write(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: buffer[offset...])))
            }
        }
    }

    private func awaitWritable() async throws(SocketError) {
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                if state.writeFailure != nil { return false }
                state.writer = continuation
                armWriting(&state)
                return true
            }
            if !mustWait { continuation.resume() }
        }
        if let failure = state.withLock({ $0.writeFailure }) { throw failure }
    }

    private func armWriting(_ state: inout State) {
        let source: any DispatchSourceWrite
        if let existing = state.writeSource {
            source = existing
        } else {
            source = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
            source.setEventHandler { [weak self] in self?.writable() }
            state.writeSource = source
        }
        guard state.isWriteSuspended else { return }
        state.isWriteSuspended = false
        source.resume()
    }

    private func writable() {
        let writer = state.withLock { state in
            guard !state.isWriteSuspended, !state.isClosed else { return nil as CheckedContinuation<Void, Never>? }
            state.isWriteSuspended = true
            state.writeSource?.suspend()
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume()
    }

    func shutDownWriting() {
        state.withLock { state in
            if !state.isClosed { transport.shutDownWriting() }
        }
    }
}
