import Ranks
import Tensors
import Testing

@testable import Training

/// Sums over ranks that have the bits of one process's.
@Suite struct OrderedSumTests: Sendable {
    private let count = OrderedSum.tileSize + 5

    /// Numbers of which another order makes another sum: nearly all large ones cancel.
    private func buffers(_ parts: Range<Int>) -> [FloatBuffer] {
        parts.map { part in
            var noise = Noise(seed: 9, UInt64(part))
            let buffer = FloatBuffer(count: count)
            buffer.all.store((0..<count).map { _ in Float(noise.unit() - 0.5) * (part % 2 == 0 ? 1e6 : 1) })
            return buffer
        }
    }

    /// What is left at each rank.
    private func sums(ranks: Int, each: Int, _ runs: [Range<Int>]) -> [[Float]] {
        let job = ThreadRanks.job(of: ranks)
        return RankThreads.run(0..<ranks) { rank in
            let team = RankTeam(job[rank], RankPatience(timeout: .seconds(60)))
            let own = buffers(rank * each..<(rank + 1) * each)
            try? OrderedSum(runs).add(own, over: team)
            return own[0].elements
        }
    }

    @Test func itIsThatOfOneProcess() {
        let all = buffers(0..<6)
        OrderedSum([0..<count]).add(all, on: Workers(threads: 2))
        let expected = all[0].elements
        let reversed = Array(buffers(0..<6).reversed())
        OrderedSum([0..<count]).add(reversed, on: Workers(threads: 1))
        #expect(reversed[0].elements != expected, "the order shows")
        #expect(sums(ranks: 2, each: 3, [0..<count]) == [expected, expected])
        #expect(sums(ranks: 3, each: 2, [0..<count]) == [expected, expected, expected])
    }

    @Test func whatIsOfNoRunStaysAsItWas() {
        let runs = [3..<7, 100..<count]
        let found = sums(ranks: 2, each: 1, runs)
        for rank in 0..<2 {
            let own = buffers(rank..<rank + 1)[0].elements
            for range in [0..<3, 7..<100] { #expect(Array(found[rank][range]) == Array(own[range])) }
        }
        #expect(Array(found[0][3..<7]) == Array(found[1][3..<7]))
    }
}
