import Synchronization

/// The open connections of a server.
final class ConnectionRegistry: Sendable {
    struct Entry: Sendable {
        let channel: Channel
        let task: Task<Void, Never>
    }

    /// How often a drain looks whether it is done.
    private static let drainInterval = Duration.milliseconds(10)

    private let open = Mutex<[ObjectIdentifier: Entry]>([:])

    var entries: [Entry] { open.withLock { Array($0.values) } }
    var count: Int { open.withLock { $0.count } }

    /// The connection whose client has owed something for longest, if that began before `instant`.
    func longestOwing(before instant: ContinuousClock.Instant) -> Channel? {
        let owing = entries.compactMap { entry in entry.channel.owedSince.map { (entry.channel, since: $0) } }
        return owing.filter { $0.since < instant }.min { $0.since < $1.since }?.0
    }

    /// The task must not touch the registry before this was called; `remove` may then come at any time.
    func add(_ channel: Channel, _ makeTask: () -> Task<Void, Never>) -> Task<Void, Never> {
        open.withLock { open in
            let task = makeTask()
            open[ObjectIdentifier(channel)] = Entry(channel: channel, task: task)
            return task
        }
    }

    func remove(_ channel: Channel) {
        open.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Waits until no connection is left, at most for `limit`.
    func drain(for limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        while count > 0, .now < deadline { try? await Task.sleep(for: Self.drainInterval) }
    }
}
