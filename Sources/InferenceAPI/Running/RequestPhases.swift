import Generation
import Telemetry

/// When the prompts of one HTTP request were queued, encoded and decoded.
///
/// A phase begins when the first prompt enters it and ends when the last one leaves it; so with one prompt phases
/// follow each other, and with several they may overlap.
struct RequestPhases: Sendable {
    typealias Instant = ContinuousClock.Instant

    let submitted: Instant
    private var queued: ClosedRange<Instant>?
    private var encoded: ClosedRange<Instant>?
    private var decoded: ClosedRange<Instant>?
    /// When decoding of each prompt that is not over began.
    private var open: [Int: Instant] = [:]

    init(submitted: Instant) {
        self.submitted = submitted
    }

    /// A prompt went through the encoder.
    mutating func encoded(_ prompt: Int, _ timings: GenerationTimings) {
        let start = submitted.advanced(by: .seconds(timings.queue))
        let end = start.advanced(by: .seconds(timings.encode))
        Self.extend(&queued, submitted, start)
        Self.extend(&encoded, start, end)
        open[prompt] = end
    }

    /// The last token of a prompt was made.
    mutating func completed(_ prompt: Int, _ timings: GenerationTimings) {
        guard let start = open.removeValue(forKey: prompt) else { return }
        Self.extend(&decoded, start, start.advanced(by: .seconds(timings.decode)))
    }

    /// Whatever is still being decoded ends here.
    mutating func stop(at now: Instant) {
        for start in open.values { Self.extend(&decoded, start, now) }
        open = [:]
    }

    /// The phases that were reached.
    var spans: [TraceSpan] {
        [("queue", queued), ("encode", encoded), ("decode", decoded)].compactMap { name, range in
            range.map { TraceSpan(name, from: $0.lowerBound, to: $0.upperBound) }
        }
    }

    private static func extend(_ range: inout ClosedRange<Instant>?, _ start: Instant, _ end: Instant) {
        let end = max(start, end)
        range = range.map { min($0.lowerBound, start)...max($0.upperBound, end) } ?? start...end
    }
}
