import Dispatch
import Synchronization

/// One socket in a poller: what it is watched for, and whom to tell.
///
/// While the handler runs nothing else is told; what holds afterwards is told then.
final class SocketWatch: Sendable {
    private struct State {
        var interest: SocketInterest = []
        var armed: SocketInterest = []
        var isTelling = false
        var isCancelled = false
    }

    let number: UInt64
    let socket: Int32
    private let poller: SocketPoller
    private let queue: DispatchQueue
    private let handler: @Sendable (SocketInterest) -> Void
    private let state = Mutex(State())

    init(
        number: UInt64,
        socket: Int32,
        poller: SocketPoller,
        queue: DispatchQueue,
        handler: @escaping @Sendable (SocketInterest) -> Void
    ) {
        self.number = number
        self.socket = socket
        self.poller = poller
        self.queue = queue
        self.handler = handler
    }

    func begin(_ interest: SocketInterest) {
        state.withLock { state in
            state.interest.formUnion(interest)
            arm(&state)
        }
    }

    func end(_ interest: SocketInterest) {
        state.withLock { $0.interest.subtract(interest) }
    }

    /// Tells nothing more, but for a handler that already runs; the socket may be closed once `queue` has passed that.
    func cancel() {
        let isFirst = state.withLock { state in
            defer { state.isCancelled = true }
            return !state.isCancelled
        }
        if isFirst { poller.remove(self) }
    }

    /// Called by the poller's thread, once for each time the watch was armed.
    func told(_ ready: SocketInterest) {
        state.withLock {
            $0.armed = []
            $0.isTelling = true
        }
        queue.async { [self] in
            let news = state.withLock { $0.isCancelled ? [] : ready.intersection($0.interest) }
            if !news.isEmpty { handler(news) }
            state.withLock { state in
                state.isTelling = false
                arm(&state)
            }
        }
    }

    private func arm(_ state: inout State) {
        let isNeeded = !state.interest.isEmpty && !state.armed.isSuperset(of: state.interest)
        guard isNeeded, !state.isTelling, !state.isCancelled else { return }
        state.armed = state.interest
        poller.arm(self, for: state.interest)
    }
}
