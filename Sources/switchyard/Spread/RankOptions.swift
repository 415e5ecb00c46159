import ArgumentParser
import Ranks

/// Which ranks of a job answer requests.
enum RanksServe: String, ExpressibleByArgument, CaseIterable {
    /// Rank 0; the others hold experts for it.
    case first
    /// Every one, at a port of its own where they share a machine.
    case all
}

/// Flags on the ranks of a job that mpirun starts.
struct RankOptions: ParsableArguments {
    @Option(help: "Spread experts over mpirun's processes, of which all serve, or the first alone.")
    var ranksServe: RanksServe?

    @Option(help: "How many processes there must be. Default: as many as mpirun started.")
    var ranks: Int?

    @Option(help: "Seconds a rank may take to answer another; then all end, to be started again.")
    var rankTimeout = 5.0

    @Option(help: "A JSON file that says which rank has which expert. Default: as many at each.")
    var placement: String?

    func validate() throws {
        guard (0.1...3600).contains(rankTimeout) else {
            throw ValidationError("--rank-timeout is \(rankTimeout), but must be from 0.1 to 3600")
        }
        try Limit.check("--ranks", ranks ?? 1, in: 1...4096)
        for (flag, isGiven) in [("--ranks", ranks != nil), ("--placement", placement != nil)]
        where isGiven && ranksServe == nil {
            throw ValidationError("\(flag) needs --ranks-serve")
        }
        // Else each would serve for itself, at the same port.
        guard ranksServe != nil || MPIRanks.countStarted == 1 else {
            throw ValidationError("mpirun started \(MPIRanks.countStarted) processes: say --ranks-serve all or first")
        }
    }
}
