import ArgumentParser
import Ranks

/// Flags of `train` on the ranks of a job that mpirun starts.
struct TrainingRankOptions: ParsableArguments {
    @Option(help: "How many processes of mpirun there must be. Default: as many as it started.")
    var ranks: Int?

    @Option(help: "Seconds a process may keep another waiting within a step; then all end, to be started again.")
    var rankTimeout = 300.0

    func validate() throws {
        guard (0.1...86_400).contains(rankTimeout) else {
            throw ValidationError("--rank-timeout is \(rankTimeout), but must be from 0.1 to 86400")
        }
        try Limit.check("--ranks", ranks ?? 1, in: 1...4096)
    }

    /// Whether this process is to join a job of several.
    var isJob: Bool { (ranks ?? 1) > 1 || MPIRanks.countStarted > 1 }
}
