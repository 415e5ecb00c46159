import SwitchModel
import Testing

@Suite struct RankTurnTests {
    private func calls(_ slots: [Int], later: [Int]? = nil) -> Int {
        var turn = RankTurn()
        var count = 0
        while turn.isOpen, count < 100 {
            turn.called((count == 0 ? slots : later ?? slots).map { RankWord(slots: $0) })
            count += 1
        }
        return count
    }

    @Test func itIsAsLongAsTheBusiestRankNeeds() {
        #expect(calls([2, 5, 0]) == 5)
        #expect(calls([1, 1]) == 1)
    }

    /// Somebody has to say that it has nothing.
    @Test func whereNobodyHasAnythingItIsOneCall() {
        #expect(calls([0, 0]) == 1)
    }

    /// What came to a rank meanwhile waits for the next.
    @Test func itsLengthIsAgreedOnAtItsFirstCall() {
        #expect(calls([3, 0], later: [9, 9]) == 3)
    }
}
