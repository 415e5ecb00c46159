import Dispatch
import Glibc
import Synchronization

/// One connected socket: what arrived, and who waits for it.
///
/// Bytes are read as they come, whether or not anyone waits, up to `bufferedBytes`; so the end of the stream is
/// noticed while a handler runs. What the transport does before the first byte happens the same way, off the
/// cooperative pool. At most one task reads and one writes. The descriptor is closed after both of its
/// dispatch sources have been cancelled, and never before.
///
/// Sendable by proof: everything that changes is in `state`, behind its lock; the sources are touched only under it.
final class Channel: @unchecked Sendable {
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
        var readSource: (any DispatchSourceRead)?
        var writeSource: (any DispatchSourceWrite)?
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
    func start(onDeparture: @escaping @Sendable () -> Void) {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.onDeparture = onDeparture
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            source.setEventHandler { [weak self] in self?.readable() }
            state.readSource = source
            state.isReadSuspended = false
            source.resume()
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
            cancelSources(&state)
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume() }
    }

    /// A suspended source must be resumed before its cancellation can finish.
    private func cancelSources(_ state: inout State) {
        let group = DispatchGroup()
        if let source = state.readSource {
            group.enter()
            source.setCancelHandler { group.leave() }
            source.cancel()
            if state.isReadSuspended { source.resume() }
        }
        if let source = state.writeSource {
            group.enter()
            source.setCancelHandler { group.leave() }
            source.cancel()
            if state.isWriteSuspended { source.resume() }
        }
        state.readSource = nil
        state.writeSource = nil
        let descriptor = descriptor
        group.notify(queue: queue) { _ = Glibc.close(descriptor) }
    }
}
