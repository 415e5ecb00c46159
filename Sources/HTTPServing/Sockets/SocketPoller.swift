import CEpoll
import Dispatch
import Glibc
import Synchronization

/// Tells when sockets can be read or written: one thread around epoll(7).
///
/// In place of dispatch sources. On Linux those free, on one thread, what the thread of the event loop still reads when a
/// socket has hung up (swift-corelibs-libdispatch #949), so that a client could end the server by resetting connections.
final class SocketPoller: Sendable {
    private static let eventsAtOnce = 256
    /// The number of a watch in an event; this one is no watch.
    private static let wakeUp: UInt64 = 0

    /// Negative when the system would not make it; then every watch fails.
    private let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    private let wakeUpDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    private let watches = Mutex<[UInt64: SocketWatch]>([:])
    private let lastNumber = Atomic<UInt64>(wakeUp)

    deinit {
        close(descriptor)
        close(wakeUpDescriptor)
    }

    /// Starts the thread, which keeps the poller until `stop`.
    func start() {
        try? change(EPOLL_CTL_ADD, wakeUpDescriptor, EPOLLIN.rawValue, number: Self.wakeUp)
        // A serial queue without a target has a thread of its own.
        DispatchQueue(label: "switchyard.poll").async { self.run() }
    }

    func stop() {
        eventfd_write(wakeUpDescriptor, 1)
    }

    /// Watches `socket`, for nothing at first.
    ///
    /// - Parameters:
    ///   - socket: must stay open until the watch has been cancelled.
    ///   - handler: called on `queue`, never twice at once, with what the socket is ready for and was watched for.
    func watch(
        _ socket: Int32,
        on queue: DispatchQueue,
        handler: @escaping @Sendable (SocketInterest) -> Void
    ) throws(SocketError) -> SocketWatch {
        let number = lastNumber.add(1, ordering: .relaxed).newValue
        let watch = SocketWatch(number: number, socket: socket, poller: self, queue: queue, handler: handler)
        // First, so that no event can come for a number that is not known.
        watches.withLock { $0[number] = watch }
        do throws(SocketError) {
            // Disarmed: with no event asked for, hanging up would still be told.
            try change(EPOLL_CTL_ADD, socket, EPOLLET.rawValue | EPOLLONESHOT.rawValue, number: number)
        } catch {
            watches.withLock { $0[number] = nil }
            throw error
        }
        return watch
    }

    /// Lets `watch` be told once.
    func arm(_ watch: SocketWatch, for interest: SocketInterest) {
        let events = interest.events | EPOLLONESHOT.rawValue
        try? change(EPOLL_CTL_MOD, watch.socket, events, number: watch.number)
    }

    func remove(_ watch: SocketWatch) {
        watches.withLock { $0[watch.number] = nil }
        try? change(EPOLL_CTL_DEL, watch.socket, 0, number: watch.number)
    }

    private func change(_ operation: Int32, _ socket: Int32, _ events: UInt32, number: UInt64) throws(SocketError) {
        var event = epoll_event(events: events, data: epoll_data_t(u64: number))
        guard epoll_ctl(descriptor, operation, socket, &event) == 0 else {
            throw .failed(call: "epoll_ctl", errno: errno)
        }
    }

    private func run() {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.eventsAtOnce) { events in
            while true {
                let count = epoll_wait(descriptor, events.baseAddress, Int32(Self.eventsAtOnce), -1)
                guard count >= 0 else {
                    if errno == EINTR { continue }
                    return
                }
                for event in events[..<Int(count)] {
                    if event.data.u64 == Self.wakeUp { return }
                    // A watch that was removed after the event is not found.
                    watches.withLock { $0[event.data.u64] }?.told(SocketInterest(events: event.events))
                }
            }
        }
    }
}
