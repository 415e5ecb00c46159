import Foundation
import Ranks
import Testing

@Suite struct RoundTripsTests {
    /// What each rank of a job says of a load, on threads of their own.
    private func run(_ count: Int, _ loads: [RoundTrips.Load], rounds: Int) async -> [[[Duration]]] {
        await withTaskGroup(of: (Int, [[Duration]]).self) { group in
            for ranks in ThreadRanks.job(of: count) {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        Thread.detachNewThread {
                            let trips = RoundTrips(ranks, RankPatience(timeout: .seconds(5)))
                            let times = loads.map { (try? trips.measure($0, rounds: rounds)) ?? [.seconds(-1)] }
                            continuation.resume(returning: (ranks.rank, times))
                        }
                    }
                }
            }
            var found: [Int: [[Duration]]] = [:]
            for await (rank, times) in group { found[rank] = times }
            return (0..<count).compactMap { found[$0] }
        }
    }

    /// One load after the other, of fewer and of more peers: messages of one are never taken for another's.
    @Test(arguments: RoundTrips.Pattern.allCases)
    func everyRoundIsTimedAtTheFirstRankOnly(pattern: RoundTrips.Pattern) async {
        let loads = [(1, 0), (3, 64), (1, 1 << 17), (2, 4096), (3, 0)].map { peers, bytes in
            RoundTrips.Load(pattern, peers: peers, bytes: bytes, pause: .zero)
        }
        let times = await run(4, loads, rounds: 24)
        #expect(times.count == 4)
        #expect(times[0].allSatisfy { $0.count == 24 && $0.allSatisfy { $0 > .zero } })
        #expect(times.dropFirst().allSatisfy { $0.allSatisfy(\.isEmpty) })
    }

    @Test func aPauseIsNoPartOfARound() async {
        let load = RoundTrips.Load(.first, peers: 1, bytes: 8, pause: .milliseconds(20))
        let times = await run(2, [load], rounds: 9)
        #expect(times[0][0].min()! < .milliseconds(20))
    }

    @Test func aRankThatSendsSomethingElseIsNamed() {
        let job = ThreadRanks.job(of: 2)
        let message = RankMessage()
        message.append(7)
        job[0].beginSend(message, to: 1)
        let trips = RoundTrips(job[1], RankPatience(timeout: .milliseconds(20)))
        #expect(throws: RanksError.malformed(rank: 0, reason: "a message of 4 bytes, expected 9")) {
            try trips.measure(.init(.first, peers: 1, bytes: 9, pause: .zero), rounds: 1)
        }
    }
}
