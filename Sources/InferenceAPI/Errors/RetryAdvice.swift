import HTTPTypes

/// When a client that was sent away should come back, in the units of the fields that say so.
///
/// The `openai` client reads `retry-after-ms` first and ignores more than two minutes.
struct RetryAdvice {
    private static let longest = Duration.seconds(120)

    private let wait: Duration

    init(wait: Duration) {
        self.wait = min(max(wait, .milliseconds(1)), Self.longest)
    }

    var milliseconds: String { "\(Int((wait / .milliseconds(1)).rounded(.up)))" }

    /// Whole seconds, at least one (RFC 9110 §10.2.3).
    var seconds: String { "\(Int((wait / .seconds(1)).rounded(.up)))" }
}

extension HTTPField.Name {
    static let retryAfterMilliseconds = Self("retry-after-ms")!
    static let shouldRetry = Self("x-should-retry")!
}
