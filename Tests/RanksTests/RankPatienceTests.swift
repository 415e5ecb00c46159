import Ranks
import Testing

@Suite struct RankPatienceTests {
    @Test func aTimeoutEndsAWait() {
        let patience = RankPatience(timeout: .seconds(5))
        #expect(patience.error(waitingFor: 1, since: .seconds(4.9)) == nil)
        #expect(patience.error(waitingFor: 1, since: .seconds(5)) == .silent(rank: 1, seconds: 5))
        #expect(RankPatience(timeout: nil).error(waitingFor: 1, since: .seconds(1_000_000)) == nil)
    }

    /// A rank that is well answers before it is given up although this process was told to end.
    @Test func anInterruptionEndsALongWaitOnly() {
        let interruption = RankPatience.Interruption()
        let patience = RankPatience(timeout: .seconds(5), interruption: interruption)
        #expect(patience.error(waitingFor: 2, since: RankPatience.grace) == nil)
        interruption.raise()
        #expect(patience.error(waitingFor: 2, since: RankPatience.grace - .milliseconds(1)) == nil)
        #expect(patience.error(waitingFor: 2, since: RankPatience.grace) == .interrupted(rank: 2))
    }

    @Test func aWaitTakesAProcessorForAMillisecondOnly() {
        #expect(WaitPace.pause(after: .microseconds(999)) == .yield)
        #expect(WaitPace.pause(after: .milliseconds(1)) == .sleep(.microseconds(250)))
        #expect(WaitPace.pause(after: .seconds(1)) == .sleep(.microseconds(1500)))
    }
}
