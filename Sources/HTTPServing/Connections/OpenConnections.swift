import Synchronization

/// The connections of a server: how many there are, which are idle, and when the last has gone.
final class OpenConnections: Sendable {
    private struct State {
        var tasks: [ObjectIdentifier: (socket: Socket, isIdle: Bool)] = [:]
        var isClosing = false
        var whenEmpty: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { state.withLock { $0.tasks.count } }

    /// False when there is no room for one more.
    func add(_ socket: Socket) -> Bool {
        state.withLock { state in
            guard state.tasks.count < limit, !state.isClosing else { return false }
            state.tasks[ObjectIdentifier(socket)] = (socket, true)
            return true
        }
    }

    func remove(_ socket: Socket) {
        let waiting = state.withLock { state in
            state.tasks[ObjectIdentifier(socket)] = nil
            guard state.tasks.isEmpty else { return nil as CheckedContinuation<Void, Never>? }
            defer { state.whenEmpty = nil }
            return state.whenEmpty
        }
        waiting?.resume()
    }

    /// A connection that becomes idle while the server closes is closed at once.
    func setIdle(_ socket: Socket, _ isIdle: Bool) {
        let isOver = state.withLock { state in
            state.tasks[ObjectIdentifier(socket)]?.isIdle = isIdle
            return state.isClosing && isIdle
        }
        if isOver { socket.close() }
    }

    /// Takes no more and closes the idle ones.
    func beginClosing() {
        let idle = state.withLock { state in
            state.isClosing = true
            return state.tasks.values.filter(\.isIdle).map(\.socket)
        }
        for socket in idle { socket.close() }
    }

    func closeAll() {
        for socket in state.withLock({ $0.tasks.values.map(\.socket) }) { socket.close() }
    }

    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if !state.tasks.isEmpty { state.whenEmpty = continuation }
                return state.tasks.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }
}
