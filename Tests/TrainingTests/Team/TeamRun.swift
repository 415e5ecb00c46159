import Foundation
import Ranks

@testable import Training

/// One run at several ranks, each on a thread of its own, and what it leaves behind.
struct TeamRun: Equatable, Sendable {
    var ending: Trainer.Ending
    /// The steps' reports, without how fast they were.
    var reports: [StepReport]
    var validations: [Validation]
    /// The latest checkpoint's weights and the optimizer's memory, and the best model.
    var checkpoint: Data
    var best: Data

    /// What each rank says in the end.
    ///
    /// - Parameters:
    ///   - present: ranks that are there at all.
    ///   - step: after which rank 0 is asked to stop.
    static func results(
        _ run: TinyRun,
        ranks: Int,
        present: Range<Int>? = nil,
        timeout: Duration = .seconds(60),
        stoppingAfter step: Int = .max
    ) -> [Result<TeamRun, any Error>] {
        let job = ThreadRanks.job(of: ranks)
        return RankThreads.run(present ?? 0..<ranks) { rank in
            let team = RankTeam(job[rank], RankPatience(timeout: timeout))
            return Result { try train(run, in: team, stoppingAfter: step) }
        }
    }

    /// The one that rank 0 wrote; the others took the same decisions.
    static func train(_ run: TinyRun, ranks: Int, stoppingAfter step: Int = .max) throws -> TeamRun {
        let all = try results(run, ranks: ranks, stoppingAfter: step).map { try $0.get() }
        guard all.allSatisfy({ $0.isLike(all[0]) }) else { throw Disagreement() }
        return all[0]
    }

    struct Disagreement: Error {}

    private func isLike(_ other: TeamRun) -> Bool {
        ending == other.ending && reports == other.reports && validations == other.validations
    }

    private static func train(_ run: TinyRun, in team: RankTeam, stoppingAfter step: Int) throws -> TeamRun {
        let trainer = try run.trainer(in: team)
        var (reports, validations): ([StepReport], [Validation]) = ([], [])
        // Only rank 0 is heard.
        let ending = try trainer.train(isStopping: { team.isFirst && trainer.state.progress.step >= step }) { event in
            switch event {
            case .step(var report):
                report.tokensPerSecond = 0
                reports.append(report)
            case .validation(let validation): validations.append(validation)
            case .diagnosis: break
            }
        }
        func file(_ path: String?) -> Data { path.flatMap { FileManager.default.contents(atPath: $0) } ?? Data() }
        let directory = team.isFirst ? try RunDirectory(run.folder) : nil
        return TeamRun(
            ending: ending,
            reports: reports,
            validations: validations,
            checkpoint: file(directory?.latestCheckpoint.map { $0 + "/model.safetensors" }),
            best: file(directory.map { $0.best + "/model.safetensors" })
        )
    }
}
