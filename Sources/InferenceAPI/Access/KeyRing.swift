import Synchronization

/// The API keys in force, and what each is using now, held against its limits.
package final class KeyRing: Sendable {
    private struct Use {
        var requests = 0
        var bucket: TokenBucket?
    }

    /// When the other requests of a key will end is not known.
    private static let requestWait = Duration.seconds(1)

    private let keys: Mutex<APIKeys>
    /// By the holder's name; an entry stays, so there are at most as many as names that were ever in the file.
    private let uses = Mutex<[String: Use]>([:])

    /// Puts keys in force, none of which is in use.
    package init(_ keys: APIKeys) {
        self.keys = Mutex(keys)
    }

    /// Puts other keys in force; requests that were let in go on.
    package func replace(with keys: APIKeys) {
        self.keys.withLock { $0 = keys }
    }

    func holder(of key: some StringProtocol) -> APIKeys.Holder? {
        keys.withLock { $0 }.holder(of: key)
    }

    /// Lets a generation request start, or says which limit it meets and how long to wait.
    ///
    /// - Parameter tokens: what it could use at most.
    func begin(_ name: String, tokens: Int, now: ContinuousClock.Instant = .now) throws(APIError) -> KeyPermit {
        let limits = keys.withLock { $0.limits(of: name) }
        let refusal: APIError? = uses.withLock { uses in
            var use = uses[name] ?? Use()
            defer { uses[name] = use }
            if let limit = limits.requests, use.requests >= limit {
                return .rateLimited(.requests(limit: limit), retryAfter: Self.requestWait)
            }
            if let wait = Self.wait(for: tokens, within: limits, &use.bucket, now) {
                return .rateLimited(.tokensPerMinute(limit: limits.tokensPerMinute ?? 0), retryAfter: wait)
            }
            use.requests += 1
            return nil
        }
        if let refusal { throw refusal }
        return KeyPermit(tokens: tokens) { unused in self.end(name, unused: unused) }
    }

    /// Takes the tokens from the bucket, which is made anew when the limit has changed.
    private static func wait(
        for tokens: Int,
        within limits: KeyLimits,
        _ bucket: inout TokenBucket?,
        _ now: ContinuousClock.Instant
    ) -> Duration? {
        guard let limit = limits.tokensPerMinute else {
            bucket = nil
            return nil
        }
        var current = TokenBucket(perMinute: limit, now: now)
        if let bucket, bucket.perMinute == limit { current = bucket }
        defer { bucket = current }
        return current.take(tokens, now: now)
    }

    private func end(_ name: String, unused: Int) {
        uses.withLock { uses in
            uses[name]?.requests -= 1
            uses[name]?.bucket?.giveBack(unused, now: .now)
        }
    }
}
