extension Channel {
    /// Whom to tell of a change, once the lock is let go.
    struct News {
        var waiters: [CheckedContinuation<Void, Never>] = []
        var departure: (@Sendable () -> Void)?

        func tell() {
            for waiter in waiters { waiter.resume() }
            departure?()
        }
    }
}

extension Channel.State {
    mutating func takeReader() -> [CheckedContinuation<Void, Never>] {
        defer { reader = nil }
        return reader.map { [$0] } ?? []
    }

    mutating func takeWriter() -> [CheckedContinuation<Void, Never>] {
        defer { writer = nil }
        return writer.map { [$0] } ?? []
    }

    mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] { takeReader() + takeWriter() }

    mutating func takeDeparture() -> (@Sendable () -> Void)? {
        defer { onDeparture = nil }
        return onDeparture
    }
}
