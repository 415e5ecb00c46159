package import Telemetry

/// Counts generation requests that were not accepted, by why.
///
/// The engine counts those it refuses; whoever refuses one before it reaches the engine does so too.
package struct AdmissionRejections: Sendable {
    /// The values of the label `reason`.
    package enum Reason: String, CaseIterable, Sendable {
        /// As many requests wait as may.
        case queueFull = "queue_full"
        /// What waits comes to as many tokens as may.
        case tokens
        /// The queue takes longer than the request has.
        case wait
        /// Larger than any request may be.
        case size
        case draining
        /// The model is not there yet.
        case loading
        /// The key may do no more for now.
        case rateLimit = "rate_limit"
    }

    private let counters: [Reason: Counter]

    /// Every reason is shown from now on, whether or not it was ever counted.
    package init(_ registry: MetricsRegistry) {
        counters = Dictionary(
            uniqueKeysWithValues: Reason.allCases.map { reason in
                let label = MetricLabel("reason", reason.rawValue)
                let help = "Requests that were not accepted."
                return (reason, registry.counter("switchyard_admission_rejections", help, [label]))
            }
        )
    }

    /// One more request that was not accepted; on any thread.
    package func count(_ reason: Reason) {
        counters[reason]?.increment()
    }
}

extension AdmissionError {
    /// What the error is counted as.
    var rejection: AdmissionRejections.Reason {
        switch self {
        case .queueFull(.requests, _): .queueFull
        case .queueFull(.tokens, _): .tokens
        case .queueFull(.wait, _): .wait
        case .draining: .draining
        case .promptTooLong, .tooManyRows, .tooManyScored, .cacheTooLarge: .size
        }
    }
}
