import Synchronization
import Testing

@testable import HTTPServing

final class ManualClock: Clock {
    struct Instant: InstantProtocol {
        var offset = Duration.zero
        func advanced(by duration: Duration) -> Self { Self(offset: offset + duration) }
        func duration(to other: Self) -> Duration { other.offset - offset }
        static func < (a: Self, b: Self) -> Bool { a.offset < b.offset }
    }

    private let time = Mutex(Instant())
    var now: Instant { time.withLock { $0 } }
    var minimumResolution: Duration { .nanoseconds(1) }

    func advance(by duration: Duration) { time.withLock { $0.offset += duration } }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
}

struct ConnectionDeadlineTests {
    let clock = ManualClock()
    let timeouts = HTTPTimeouts()

    @Test func aHeadHasAFixedEndHoweverManyBytesArrive() {
        var deadline = ConnectionDeadline(timeouts: timeouts, clock: clock)
        clock.advance(by: timeouts.head - .seconds(1))
        deadline.received(bytes: 10_000)
        #expect(!deadline.isExpired)
        clock.advance(by: .seconds(1))
        #expect(deadline.isExpired)
    }

    @Test func aClientOwesFromTheStartOfEachWaitUntilItsRequestIsThere() {
        var deadline = ConnectionDeadline(timeouts: timeouts, clock: clock)
        #expect(deadline.owedSince == clock.now)
        clock.advance(by: .seconds(2))
        deadline.begin(.body)
        let body = clock.now
        clock.advance(by: .seconds(3))
        deadline.received(bytes: 10)
        #expect(deadline.owedSince == body)
        for phase in [ConnectionDeadline<ManualClock>.Phase.handling, .writing] {
            deadline.begin(phase)
            #expect(deadline.owedSince == nil)
        }
        deadline.begin(.lingering)
        #expect(deadline.owedSince == clock.now)
    }

    @Test func aSilentClientLingersForAMoment() {
        var deadline = ConnectionDeadline(timeouts: timeouts, clock: clock)
        deadline.begin(.lingering)
        clock.advance(by: timeouts.linger - .milliseconds(1))
        #expect(!deadline.isExpired)
        clock.advance(by: .milliseconds(1))
        #expect(deadline.isExpired)
    }

    @Test func aClientThatSendsOnLingersWhileItDoesUpToALimit() {
        var deadline = ConnectionDeadline(timeouts: timeouts, clock: clock)
        deadline.begin(.lingering)
        for _ in 1..<30 {
            clock.advance(by: timeouts.longestLinger / 30)
            #expect(!deadline.isExpired)
            deadline.received(bytes: 1_000_000)
        }
        clock.advance(by: timeouts.longestLinger / 30)
        #expect(deadline.isExpired)
        deadline.received(bytes: 1_000_000)
        #expect(deadline.isExpired)
    }

    @Test func aBodyEarnsTimeByItsSize() {
        var deadline = ConnectionDeadline(timeouts: timeouts, clock: clock)
        deadline.begin(.body)
        deadline.received(bytes: 10 * 1024)
        clock.advance(by: timeouts.body + .seconds(9))
        #expect(!deadline.isExpired)
        clock.advance(by: .seconds(1))
        #expect(deadline.isExpired)
    }

    @Test func aHandlerIsNeverLate() {
        var deadline = ConnectionDeadline(timeouts: timeouts, clock: clock)
        deadline.begin(.handling)
        clock.advance(by: .seconds(100_000))
        #expect(!deadline.isExpired)
    }
}
