import Synchronization

/// The open connections of a server.
final class ConnectionRegistry: Sendable {
    struct Entry: Sendable {
        let channel: Channel
        let task: Task<Void, Never>
    }

    private struct State: Sendable {
        var entries: [ObjectIdentifier: Entry] = [:]
        var isDraining = false
    }

    private let state = Mutex(State())
    /// Ends when draining has begun and the last connection is gone.
    let emptied: AsyncStream<Never>
    private let emptiedContinuation: AsyncStream<Never>.Continuation

    init() {
        (emptied, emptiedContinuation) = AsyncStream.makeStream()
    }

    var entries: [Entry] { state.withLock { Array($0.entries.values) } }
    var count: Int { state.withLock { $0.entries.count } }

    /// The task must not touch the registry before this was called; `remove` may then come at any time.
    func add(_ channel: Channel, _ makeTask: () -> Task<Void, Never>) -> Task<Void, Never> {
        state.withLock { state in
            let task = makeTask()
            state.entries[ObjectIdentifier(channel)] = Entry(channel: channel, task: task)
            return task
        }
    }

    func remove(_ channel: Channel) {
        state.withLock { state in
            state.entries[ObjectIdentifier(channel)] = nil
            if state.isDraining, state.entries.isEmpty { emptiedContinuation.finish() }
        }
    }

    func beginDraining() {
        state.withLock { state in
            state.isDraining = true
            if state.entries.isEmpty { emptiedContinuation.finish() }
        }
    }

    /// Waits until no connection is left, at most for `limit`.
    func drain(for limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in self.emptied {} }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}
