import Foundation
import Ranks
import Testing

@testable import Training

/// Several ranks train the very model that one process trains with as many workers.
@Suite struct TeamTests {
    /// What a run is like where it is not the tiny run as it is.
    enum Variety: CaseIterable {
        case plain, dense, twoChoices, squared, overTheBatch, squaredOverTheBatch, capped, accumulated, adafactor
        case rounded, emptyParts, languageModel, unevenExperts, recomputed, recomputedOverTheBatch, frozen

        func apply(to settings: inout TrainingSettings) {
            (settings.workers, settings.steps, settings.model.experts) = (4, 6, 4)
            (settings.saveEvery, settings.validateEvery) = (3, 2)
            (settings.batchTokens, settings.averageDecay, settings.regularization.jitter) = (90, 0.9, 0.05)
            switch self {
            case .plain: break
            case .dense: settings.model.sparseStep = 0
            case .twoChoices: settings.model.choices = 2
            case .squared: settings.regularization.balanceLoss = .squared
            case .overTheBatch:
                (settings.regularization.balanceOver, settings.regularization.balance) = (.batch, 0.5)
            case .squaredOverTheBatch:
                (settings.regularization.balanceOver, settings.regularization.balance) = (.batch, 0.5)
                (settings.regularization.balanceLoss, settings.model.choices) = (.squared, 2)
            case .capped: settings.model.capacityFactor = 1
            case .accumulated: (settings.accumulation, settings.regularization.balanceOver) = (2, .batch)
            case .adafactor: settings.optimizer.kind = .adafactor
            case .rounded: (settings.precision, settings.averageDecay) = (.bfloat16, nil)
            case .emptyParts: (settings.batchTokens, settings.model.sparseStep) = (16, 1)
            case .languageModel: (settings.model.architecture, settings.model.sparseStep) = (.decoderOnly, 1)
            case .recomputed: (settings.recomputes, settings.batchTokens, settings.model.choices) = (true, 16, 2)
            case .recomputedOverTheBatch:
                (settings.recomputes, settings.regularization.balanceOver) = (true, .batch)
            case .frozen: settings.frozen = [.routers, .embeddings]
            case .unevenExperts: (settings.model.experts, settings.optimizer.kind) = (3, .adafactor)
            }
        }
    }

    private func run(_ variety: Variety) -> TinyRun {
        var run = TinyRun()
        variety.apply(to: &run.settings)
        return run
    }

    @Test(arguments: Variety.allCases)
    func ranksTrainTheModelOfOneProcess(variety: Variety) throws {
        let one = run(variety)
        defer { one.remove() }
        let expected = try TeamRun.train(one, ranks: 1)
        #expect(expected.reports.count == 6 && expected.validations.count == 3)
        #expect(!expected.checkpoint.isEmpty && !expected.best.isEmpty)
        for ranks in [2, 4] {
            let team = run(variety)
            defer { team.remove() }
            let found = try TeamRun.train(team, ranks: ranks)
            #expect(found.reports == expected.reports, "\(ranks) ranks")
            #expect(found.validations == expected.validations, "\(ranks) ranks")
            #expect(found.checkpoint == expected.checkpoint, "\(ranks) ranks")
            #expect(found.best == expected.best, "\(ranks) ranks")
        }
    }

    @Test(arguments: OptimizerSettings.Kind.allCases)
    func aRunGoesOnAtAnotherNumberOfRanks(kind: OptimizerSettings.Kind) throws {
        var (whole, parted) = (run(.plain), run(.plain))
        (whole.settings.optimizer.kind, parted.settings.optimizer.kind) = (kind, kind)
        defer {
            whole.remove()
            parted.remove()
        }
        let expected = try TeamRun.train(whole, ranks: 1)
        #expect(try TeamRun.train(parted, ranks: 2, stoppingAfter: 2).ending == .stopped)
        #expect(try TeamRun.train(parted, ranks: 4, stoppingAfter: 4).ending == .stopped)
        let last = try TeamRun.train(parted, ranks: 1)
        #expect(last.ending == .completed)
        #expect(last.checkpoint == expected.checkpoint)
        #expect(last.reports == Array(expected.reports.suffix(2)))
    }

    @Test(arguments: [Variety.plain, .dense])
    func aSilentRankEndsTheOthers(variety: Variety) throws {
        let alone = run(variety)
        defer { alone.remove() }
        let results = TeamRun.results(alone, ranks: 2, present: 0..<1, timeout: .milliseconds(50))
        let error = #expect(throws: RanksError.self) { try results[0].get() }
        #expect(error == .silent(rank: 1, seconds: 0.05))
        #expect(try RunDirectory(alone.folder).latestCheckpoint == nil, "what it computed is of no use")
    }

    @Test func diagnosesAreTheSameAtAllRanks() throws {
        var sick = run(.plain)
        sick.settings.learningRate.peak = 1e30
        sick.settings.health.maximumRecoveries = 1
        sick.settings.steps = 40
        defer { sick.remove() }
        let results = try TeamRun.results(sick, ranks: 2).map { try $0.get().ending }
        guard case .unhealthy = results[0] else {
            Issue.record("it ended as \(results)")
            return
        }
        #expect(results[0] == results[1])
    }
}
