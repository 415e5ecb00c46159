/// Tokens a key may still use: fills evenly up to a minute's worth.
///
/// What a request could use is taken when it starts and what it did not use is given back, so a request larger than a
/// minute's worth starts from a full bucket and leaves it in debt.
struct TokenBucket: Sendable {
    let perMinute: Int
    private var level: Double
    private var filled: ContinuousClock.Instant

    init(perMinute: Int, now: ContinuousClock.Instant) {
        self.perMinute = perMinute
        level = Double(perMinute)
        filled = now
    }

    /// Takes what a request could use, or says how long until there is as much.
    mutating func take(_ tokens: Int, now: ContinuousClock.Instant) -> Duration? {
        fill(now)
        let needed = Double(min(tokens, perMinute))
        guard level >= needed else { return .seconds((needed - level) * 60 / Double(perMinute)) }
        level -= Double(tokens)
        return nil
    }

    /// Gives back what a request took and did not use.
    mutating func giveBack(_ tokens: Int, now: ContinuousClock.Instant) {
        fill(now)
        level = min(Double(perMinute), level + Double(tokens))
    }

    private mutating func fill(_ now: ContinuousClock.Instant) {
        let seconds = (now - filled) / .seconds(1)
        level = min(Double(perMinute), level + seconds * Double(perMinute) / 60)
        filled = now
    }
}
