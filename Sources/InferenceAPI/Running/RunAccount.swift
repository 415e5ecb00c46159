import Generation
import Telemetry

/// What one run used and how it ended, for the access log and the trace of its request.
struct RunAccount {
    private(set) var usage: Usage
    /// What was used by now; a choice that is not over counts with the tokens that are certain.
    private(set) var usageSoFar: Usage
    private var phases: RequestPhases
    private var reasons: Set<String> = []
    private var firstToken: ContinuousClock.Instant?
    private var tokens = 0

    init(promptTokens: Int, submitted: ContinuousClock.Instant) {
        usage = Usage(promptTokens: promptTokens, completionTokens: 0)
        usageSoFar = usage
        phases = RequestPhases(submitted: submitted)
    }

    mutating func record(_ event: GenerationEvent, of prompt: Int) {
        switch event {
        case .encoded(_, let timings): phases.encoded(prompt, timings)
        case .token:
            tokens += 1
            if firstToken == nil { firstToken = .now }
        case .finished(let choice): usage.completionTokens += choice.tokens.count
        case .scores(let scores): usage.completionTokens += scores.continuations.reduce(0) { $0 + $1.count }
        case .completed(let timings): phases.completed(prompt, timings)
        case .failed, .embedding, .beamStep: break
        }
    }

    /// A token of an answer was told, not one of a prompt.
    mutating func answered() {
        usageSoFar.completionTokens += 1
    }

    /// - Parameter reason: the `finish_reason` of a choice that is complete.
    mutating func finished(_ reason: String?) {
        if let reason { reasons.insert(reason) }
    }

    /// Writes down how the run ended; nil when it came to its end.
    mutating func close(_ failure: GenerationFailure?, in trace: RequestTrace) {
        phases.stop(at: .now)
        for span in phases.spans { trace.add(span) }
        if let failure { reasons = [failure.finishReason] }
        trace.set(.finishReason, .strings(reasons.sorted()))
        trace.set(.completionTokens, .integer(max(usage.completionTokens, tokens)))
        if let firstToken {
            let milliseconds = (firstToken - trace.start) / .milliseconds(1)
            trace.set(.firstToken, .number((milliseconds * 1000).rounded() / 1000))
        }
    }
}

extension GenerationFailure {
    /// What logs and traces call it, as the metric of finished requests does.
    fileprivate var finishReason: String {
        switch self {
        case .cancelled: "cancelled"
        case .deadline: "deadline"
        case .shuttingDown, .nothingAllowed, .notANumber, .ranksLost: "error"
        }
    }
}
