import Generation
import Telemetry
import Testing

@testable import InferenceAPI

struct RequestPhasesTests {
    static let submitted = ContinuousClock.now

    static func timings(_ queue: Double, _ encode: Double, _ decode: Double = 0) -> GenerationTimings {
        var timings = GenerationTimings()
        (timings.queue, timings.encode, timings.decode) = (queue, encode, decode)
        return timings
    }

    /// Starts and ends in seconds since the submission.
    static func parts(_ phases: RequestPhases) -> [String: [Double]] {
        Dictionary(
            uniqueKeysWithValues: phases.spans.map {
                ($0.name, [($0.start - submitted) / .seconds(1), ($0.end - submitted) / .seconds(1)])
            }
        )
    }

    @Test func thePhasesOfOnePromptFollowEachOther() {
        var phases = RequestPhases(submitted: Self.submitted)
        phases.encoded(0, Self.timings(1, 2))
        phases.completed(0, Self.timings(1, 2, 4))
        #expect(Self.parts(phases) == ["queue": [0, 1], "encode": [1, 3], "decode": [3, 7]])
        #expect(phases.spans.map(\.name) == ["queue", "encode", "decode"])
    }

    @Test func thePhasesOfSeveralPromptsSpanAllOfThem() {
        var phases = RequestPhases(submitted: Self.submitted)
        phases.encoded(0, Self.timings(1, 1))
        phases.completed(0, Self.timings(1, 1, 8))
        phases.encoded(1, Self.timings(4, 1))
        phases.completed(1, Self.timings(4, 1, 1))
        #expect(Self.parts(phases) == ["queue": [0, 4], "encode": [1, 5], "decode": [2, 10]])
    }

    @Test func whatWasNotReachedIsNotThere() {
        var phases = RequestPhases(submitted: Self.submitted)
        #expect(phases.spans.isEmpty)
        phases.encoded(0, Self.timings(1, 1))
        #expect(phases.spans.map(\.name) == ["queue", "encode"])
    }

    @Test func aPromptThatIsBrokenOffWasDecodedUntilThen() {
        var phases = RequestPhases(submitted: Self.submitted)
        phases.encoded(0, Self.timings(1, 1))
        phases.stop(at: Self.submitted + .seconds(5))
        #expect(Self.parts(phases)["decode"] == [2, 5])
    }
}
