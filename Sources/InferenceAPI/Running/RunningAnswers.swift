import Synchronization

/// The answers being generated, by the names under which a client may end them.
package final class RunningAnswers: Sendable {
    private struct Entry {
        let names: Set<String>
        let owner: String?
        weak var submission: Submission?
    }

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    package init() {}

    /// Lets an answer be ended by any of its names for as long as the result lives.
    ///
    /// - Parameter owner: who alone may end it; nil when the server has no keys.
    func enter(_ submission: Submission, names: Set<String>, owner: String?) -> RunningAnswer {
        let entry = Entry(names: names, owner: owner, submission: submission)
        let key = ObjectIdentifier(submission)
        entries.withLock { $0[key] = entry }
        return RunningAnswer { [weak self] in self?.entries.withLock { _ = $0.removeValue(forKey: key) } }
    }

    /// Ends the answers of that name that `owner` may end.
    ///
    /// - Returns: false when there is none.
    func cancel(_ name: String, owner: String?) -> Bool {
        let found = entries.withLock { entries in
            entries.values.filter { $0.names.contains(name) && $0.owner == owner }.compactMap(\.submission)
        }
        for submission in found { submission.cancel() }
        return !found.isEmpty
    }
}

/// An answer's entry among those that run; leaves with it at the latest.
final class RunningAnswer: Sendable {
    private let onEnd: @Sendable () -> Void

    init(onEnd: @escaping @Sendable () -> Void) {
        self.onEnd = onEnd
    }

    deinit {
        end()
    }

    /// The answer is complete; harmless when said again.
    func end() { onEnd() }
}
