import Synchronization
import Testing

@testable import TraceExport

/// A clock that moves when told to.
private final class ManualClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration = .zero
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (a: Instant, b: Instant) -> Bool { a.offset < b.offset }
    }

    private let time = Mutex(Instant())
    var now: Instant { time.withLock { $0 } }
    var minimumResolution: Duration { .nanoseconds(1) }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
    func advance(by duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
}

struct ExportScheduleTests {
    private static let limits = ExportLimits()
    private let clock = ManualClock()

    private func schedule() -> ExportSchedule<ManualClock> { ExportSchedule(limits: Self.limits, clock: clock) }

    private func seconds(_ action: ExportSchedule<ManualClock>.Action) -> Double? {
        guard case .waitUntil(let instant) = action else { return nil }
        return (instant.offset - clock.now.offset) / .seconds(1)
    }

    @Test func nothingQueuedIsWaitedForAndNothingIsSentAtTheEnd() {
        var schedule = schedule()
        #expect(schedule.action(queued: 0, isClosing: false) == .wait)
        #expect(schedule.action(queued: 0, isClosing: true) == .wait)
    }

    @Test func aFewWaitForOthersForTheInterval() {
        var schedule = schedule()
        #expect(seconds(schedule.action(queued: 1, isClosing: false)) == 5)
        clock.advance(by: .seconds(4))
        #expect(seconds(schedule.action(queued: 3, isClosing: false)) == 1)
        clock.advance(by: .seconds(1))
        #expect(schedule.action(queued: 3, isClosing: false) == .send(count: 3))
        schedule.settled()
        #expect(seconds(schedule.action(queued: 1, isClosing: false)) == 5)
    }

    @Test func aFullBatchGoesAtOnce() {
        var schedule = schedule()
        let full = Self.limits.batchRequests
        #expect(seconds(schedule.action(queued: full - 1, isClosing: false)) == 5)
        #expect(schedule.action(queued: full, isClosing: false) == .send(count: full))
        #expect(schedule.action(queued: full + 1, isClosing: false) == .send(count: full))
    }

    @Test func eachFailureDoublesThePauseUpToTheLongest() {
        var schedule = schedule()
        var pauses: [Double] = []
        for _ in 0..<20 {
            schedule.failed(retryAfter: nil, jitter: 1)
            let pause = seconds(schedule.action(queued: 1, isClosing: false)) ?? 0
            pauses.append(pause)
            clock.advance(by: .seconds(pause))
            #expect(schedule.action(queued: 1, isClosing: false) == .send(count: 1))
        }
        #expect(pauses.prefix(8) == [1, 2, 4, 8, 16, 32, 60, 60] && pauses.last == 60)
        schedule.settled()
        schedule.failed(retryAfter: nil, jitter: 0)
        #expect(seconds(schedule.action(queued: 1, isClosing: false)) == 0.5)
    }

    @Test func theCollectorMayAskForALongerPauseWithinLimits() {
        for (asked, pause) in [(7.0, 7.0), (0.2, 1.0), (100_000, 300)] {
            var schedule = schedule()
            schedule.failed(retryAfter: .seconds(asked), jitter: 1)
            #expect(seconds(schedule.action(queued: 1, isClosing: false)) == pause)
        }
    }

    @Test func afullBatchWaitsForTheEndOfAPauseAndTheEndDoesNot() {
        var schedule = schedule()
        schedule.failed(retryAfter: .seconds(30), jitter: 1)
        #expect(seconds(schedule.action(queued: 5000, isClosing: false)) == 30)
        #expect(schedule.action(queued: 5000, isClosing: true) == .send(count: Self.limits.batchRequests))
    }
}
