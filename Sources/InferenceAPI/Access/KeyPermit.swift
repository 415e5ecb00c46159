import Synchronization

/// One request's share of its key's limits, given back when it goes away.
final class KeyPermit: Sendable {
    private let tokens: Int
    private let used = Atomic<Int>(0)
    private let onEnd: @Sendable (_ unused: Int) -> Void

    init(tokens: Int, onEnd: @escaping @Sendable (_ unused: Int) -> Void) {
        self.tokens = tokens
        self.onEnd = onEnd
    }

    deinit {
        onEnd(max(0, tokens - used.load(ordering: .relaxed)))
    }

    /// Counts tokens that are not given back.
    func use(_ count: Int) {
        used.wrappingAdd(count, ordering: .relaxed)
    }
}
