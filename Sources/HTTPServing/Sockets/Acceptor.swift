import Dispatch
import Glibc
import Logging
import Synchronization

/// Accepts connections on a listening socket until stopped.
///
/// Sendable by proof: the source is only touched under the lock of `state`.
final class Acceptor: @unchecked Sendable {
    private struct State {
        var source: (any DispatchSourceRead)?
        var isPaused = false
        /// Nothing could be accepted the last time, and the log says so.
        var isExhausted = false
    }

    private static let pause = DispatchTimeInterval.milliseconds(100)

    private let descriptor: Int32
    private let logger: Logger
    private let queue = DispatchQueue(label: "switchyard.accept")
    private let onConnection: @Sendable (Int32, ClientNetwork) -> Void
    private let state = Mutex(State())

    /// - Parameter descriptor: owned from now on; closed by `stop`.
    init(descriptor: Int32, logger: Logger, onConnection: @escaping @Sendable (Int32, ClientNetwork) -> Void) {
        self.descriptor = descriptor
        self.logger = logger
        self.onConnection = onConnection
    }

    func start() {
        state.withLock { state in
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            source.setEventHandler { [weak self] in self?.acceptAll() }
            let descriptor = descriptor
            source.setCancelHandler { close(descriptor) }
            state.source = source
            source.resume()
        }
    }

    /// Refuses further connections, after those that clients have already made.
    func stop() {
        acceptAll()
        state.withLock { state in
            state.source?.cancel()
            if state.isPaused { state.source?.resume() }
            state.source = nil
        }
    }

    private func acceptAll() {
        while true {
            guard state.withLock({ $0.source != nil }) else { return }
            switch ListeningSocket.accept(on: descriptor) {
            case .connection(let connection, let client):
                recovered()
                onConnection(connection, client)
            case .nothing: return
            case .exhausted:
                sayExhausted()
                return pause()
            case .failed(let number):
                logger.error("accept failed: \(String(cString: strerror(number)))")
                return pause()
            }
        }
    }

    /// Says once that nothing more can be accepted, however often it is tried.
    private func sayExhausted() {
        let isNews = state.withLock { state in
            defer { state.isExhausted = true }
            return !state.isExhausted
        }
        if isNews { logger.warning("out of file descriptors or memory: accepting pauses") }
    }

    private func recovered() {
        let isNews = state.withLock { state in
            defer { state.isExhausted = false }
            return state.isExhausted
        }
        if isNews { logger.notice("accepting again") }
    }

    private func pause() {
        state.withLock { state in
            guard let source = state.source, !state.isPaused else { return }
            state.isPaused = true
            source.suspend()
        }
        queue.asyncAfter(deadline: .now() + Self.pause) { [weak self] in self?.resume() }
    }

    private func resume() {
        state.withLock { state in
            guard let source = state.source, state.isPaused else { return }
            state.isPaused = false
            source.resume()
        }
    }
}
