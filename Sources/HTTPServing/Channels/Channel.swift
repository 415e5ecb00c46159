import Dispatch
import Glibc
import Synchronization

/// One connected socket: what arrived, and who waits for it.
///
/// Bytes are read as they come, whether or not anyone waits, up to `bufferedBytes`; so the end of the stream is
/// noticed while a handler runs. What the transport does before the first byte happens the same way, off the
/// cooperative pool. At most one task reads and one writes. The descriptor is closed on `queue`, after whatever
/// still handles an event there.
final class Channel: Sendable {
    struct State {
        var inbound = InboundBytes()
        var hasNews = false
        var isEstablished: Bool
        /// The transport can read on only once the socket can be written.
        var readAwaitsWriting = false
        /// The waiting writer can go on only once the socket has been read.
        var writeAwaitsReading = false
        /// The client will send no more.
        var hasEnded = false
        var readFailure: SocketError?
        var writeFailure: SocketError?
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
        var onDeparture: (@Sendable () -> Void)?
        var deadline: ConnectionDeadline<ContinuousClock>
        var watch: SocketWatch?
        var isReadSuspended = true
        var isWriteSuspended = true
        var isClosed = false
    }

    let descriptor: Int32
    let transport: any ByteTransport
    let limits: HTTPLimits
    let queue: DispatchQueue
    let state: Mutex<State>

    /// - Parameter descriptor: connected and non-blocking; owned from now on. `close` must be called.
    init(descriptor: Int32, transport: any ByteTransport, limits: HTTPLimits, timeouts: HTTPTimeouts) {
        self.descriptor = descriptor
        self.transport = transport
        self.limits = limits
        queue = DispatchQueue(label: "switchyard.channel", target: .global())
        var deadline = ConnectionDeadline(timeouts: timeouts, clock: ContinuousClock())
        if transport.needsEstablishing { deadline.begin(.handshake) }
        state = Mutex(State(isEstablished: !transport.needsEstablishing, deadline: deadline))
    }

    /// Begins to read.
    ///
    /// - Parameter onDeparture: called once, when the client has closed its side or the connection broke.
    /// - Throws: when the system can watch no more sockets.
    func start(_ poller: SocketPoller, onDeparture: @escaping @Sendable () -> Void) throws(SocketError) {
        let watch = try poller.watch(descriptor, on: queue) { [weak self] ready in
            if ready.contains(.reading) { self?.readable() }
            if ready.contains(.writing) { self?.writable() }
        }
        state.withLock { state in
            guard !state.isClosed else { return watch.cancel() }
            state.onDeparture = onDeparture
            state.watch = watch
            state.isReadSuspended = false
            watch.begin(.reading)
        }
    }

    /// Closes the socket and wakes whoever waits.
    ///
    /// May be called more than once.
    func close() {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard !state.isClosed else { return [] }
            state.isClosed = true
            state.onDeparture = nil
            state.readFailure = state.readFailure ?? .closed
            state.writeFailure = state.writeFailure ?? .closed
            state.watch?.cancel()
            state.watch = nil
            let descriptor = descriptor
            queue.async { _ = Glibc.close(descriptor) }
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume() }
    }
}
