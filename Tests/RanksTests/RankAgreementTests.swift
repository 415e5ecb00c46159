import Foundation
import Ranks
import Testing

/// What a job settles before any rank loads anything.
@Suite struct RankAgreementTests {
    private static let patience = RankPatience(timeout: .seconds(5))

    /// What each rank of a job makes of `body`, on threads of their own.
    private func run<Value: Sendable>(
        _ count: Int,
        _ body: @escaping @Sendable (RankAgreement, _ rank: Int) throws -> Value
    ) async -> [Result<Value, any Error>] {
        let job = ThreadRanks.job(of: count)
        return await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
            for ranks in job {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        Thread.detachNewThread {
                            let agreement = RankAgreement(ranks, host: "host\(ranks.rank)", Self.patience)
                            let result = Result { try body(agreement, ranks.rank) }
                            continuation.resume(returning: (ranks.rank, result))
                        }
                    }
                }
            }
            var results: [Int: Result<Value, any Error>] = [:]
            for await (rank, result) in group { results[rank] = result }
            return (0..<count).compactMap { results[$0] }
        }
    }

    @Test(arguments: [1, 2, 4])
    func theLeastOfAllLevels(count: Int) async throws {
        let levels = await run(count) { try $0.least(of: [3, 2, 4, 2][$1]) }
        #expect(try levels.map { try $0.get() } == Array(repeating: [3, 2, 2, 2][count - 1], count: count))
    }

    @Test func likeRanksAgree() async throws {
        let results = await run(4) { agreement, _ in try agreement.settle(["version": "1", "weights": "bf16"]) }
        #expect(results.count == 4)
        for result in results { try result.get() }
    }

    @Test func anUnlikeRankIsNamedToAll() async throws {
        let results = await run(3) { agreement, rank in
            try agreement.settle(["version": "1", "weights": rank == 2 ? "int8" : "bf16"])
        }
        let sentences = results.map { result in
            if case .failure(let error) = result { "\(error)" } else { "" }
        }
        let sentence = "weights is bf16 at rank 0 on host0, but int8 at rank 2 on host2"
        #expect(sentences == Array(repeating: sentence, count: 3))
    }

    @Test func aFactThatIsMissingIsADifference() async throws {
        let results = await run(2) { agreement, rank in
            try agreement.settle(rank == 0 ? ["version": "1", "placement": "even"] : ["version": "1"])
        }
        #expect(throws: RanksError.self) { try results[0].get() }
        #expect(throws: RanksError.self) { try results[1].get() }
    }

    @Test func aRankThatSaysNothingIsNamed() {
        let job = ThreadRanks.job(of: 2)
        let agreement = RankAgreement(job[0], host: "here", RankPatience(timeout: .milliseconds(20)))
        #expect(throws: RanksError.silent(rank: 1, seconds: 0.02)) { try agreement.settle(["version": "1"]) }
    }
}
