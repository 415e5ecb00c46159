import Checkpoints
import Foundation
import Generation
import Ranks
import SwitchModel
import Tensors
import Testing

/// Experts spread over ranks: the bits of one process.
@Suite struct SpreadModelTests {
    private static let patience = RankPatience(timeout: .seconds(30))
    private static let directories = Reference.directories.filter { directory in
        guard let names = try? CheckpointDirectory(directory.path).names else { return false }
        return names.contains { $0.contains(".experts.expert_1.") }
    }

    /// A way to hold weights, and how much memory experts have.
    struct Holding: CustomTestStringConvertible {
        var precision: WeightPrecision
        var experts: WeightPrecision?
        var memory: Int?

        static let all =
            [.float32, .bfloat16, .int8, .int4].map { Holding(precision: $0) } + [
                Holding(precision: .bfloat16, experts: .int2), Holding(precision: .int8, memory: 1),
            ]

        var testDescription: String { "\(precision) \(experts.map { "\($0)" } ?? "") \(memory.map { "\($0)" } ?? "")" }

        func apply(to context: inout LoadingContext) {
            context.expertPrecision = experts
            context.expertMemory = memory.map { ExpertMemory(budget: $0) }
        }
    }

    private func placement(_ directory: URL, ranks: Int) throws -> ExpertPlacement {
        let checkpoint = try CheckpointDirectory(directory.path)
        let configuration = try SwitchConfiguration(directory: directory.path, checkpoint)
        return ExpertPlacement(layers: configuration.sparseLayers, experts: configuration.experts, ranks: ranks)
    }

    private static func spread(
        _ ranks: ThreadRanks,
        _ placement: ExpertPlacement,
        _ context: LoadingContext,
        _ patience: RankPatience = patience
    ) -> ExpertSpread {
        let precision = context.expertPrecision ?? context.precision
        return ExpertSpread(ranks, placement, patience, context.configuration, precision)
    }

    /// Starts every rank but the first on a thread of its own; each signals when it was told that no more follows.
    private func startHosts(
        _ directory: URL,
        _ holding: Holding,
        _ job: [ThreadRanks],
        _ placement: ExpertPlacement
    ) -> DispatchSemaphore {
        let ended = DispatchSemaphore(value: 0)
        for ranks in job.dropFirst() {
            Thread.detachNewThread {
                defer { ended.signal() }
                do {
                    let checkpoint = try CheckpointDirectory(directory.path)
                    var context = LoadingContext(
                        configuration: try SwitchConfiguration(directory: directory.path, checkpoint),
                        precision: holding.precision,
                        workers: Workers(threads: 1),
                        reach: 1
                    )
                    holding.apply(to: &context)
                    let spread = Self.spread(ranks, placement, context)
                    try ExpertHost(WeightScope(root: checkpoint), context, spread).serve()
                } catch {
                    Issue.record("rank \(ranks.rank): \(error)")
                }
            }
        }
        return ended
    }

    @Test(arguments: directories, Holding.all)
    func theBitsOfOneProcess(directory: URL, holding: Holding) throws {
        let whole = try Reference.model(in: directory, holding.precision) { holding.apply(to: &$0) }
        let expected = Reference.scores(whole)
        for count in [2, 4] {
            let (job, placement) = (ThreadRanks.job(of: count), try placement(directory, ranks: count))
            let ended = startHosts(directory, holding, job, placement)
            var found: ExpertSpread?
            let model = try Reference.model(in: directory, holding.precision) {
                holding.apply(to: &$0)
                found = Self.spread(job[0], placement, $0)
                $0.spread = found
            }
            let spread = try #require(found)
            #expect(Reference.scores(model) == expected)
            #expect(model.fault == nil)
            #expect(spread.counts.remoteRows > 0 && spread.counts.sentBytes > 0)
            model.end()
            for _ in 1..<count { #expect(ended.wait(timeout: .now() + 30) == .success) }
        }
    }

    /// Nothing that is computed without a rank's experts is of use, and nobody is waited for twice.
    @Test func aSilentRankIsAFault() throws {
        let directory = try #require(Self.directories.first)
        let job = ThreadRanks.job(of: 2)
        let patience = RankPatience(timeout: .milliseconds(20))
        let placement = try placement(directory, ranks: 2)
        var found: ExpertSpread?
        let model = try Reference.model(in: directory) {
            found = Self.spread(job[0], placement, $0, patience)
            $0.spread = found
        }
        let spread = try #require(found)
        #expect(model.fault == nil)
        _ = Reference.scores(model)
        #expect(model.fault == "\(RanksError.silent(rank: 1, seconds: 0.02))")
        #expect(spread.counts.exchanges <= 1)
        model.end()
        let message = RankMessage()
        #expect(job[1].receive(into: message, from: 0))
        #expect(!job[1].receive(into: message, from: 0))
    }
}
