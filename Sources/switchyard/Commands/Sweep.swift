import ArgumentParser
import Training

/// Trains a model for each of many settings and says which did best.
struct Sweep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains models that differ in some settings, and compares them.",
        discussion: """
            Called again with the same directory it goes on where it was. An example:

              switchyard sweep sweeps/rates --vary learning-rate=3e-4,6e-4,1e-3 --vary tied=true,false -- \\
                  --pairs pairs.tsv --steps 1000

            After a SIGKILL or --max-minutes the trial at hand goes on from its last checkpoint.
            """
    )

    /// How `--vary` is searched.
    enum Search: String, CaseIterable, ExpressibleByArgument {
        case grid, random
    }

    @Argument(help: "The sweep's directory: a directory for each trial, results.tsv and report.html.")
    var directory: String

    @Option(
        help: """
            A flag of train and its values: 'dropout=0.1,0.2', or for a random search 'dropout=0..0.3' or \
            'learning-rate=log:1e-4..1e-2'. May be repeated.
            """
    )
    var vary: [String]

    @Option(help: "grid: every combination of values. random: --trials combinations, drawn.")
    var search = Search.grid

    @Option(help: "Trials of a random search; more may be asked for later.")
    var trials = 20

    @Option(help: "Decides what a random search draws.")
    var seed: UInt64 = 1

    @Option(help: "Minutes after which this call ends, whatever is left to do. Default: no limit.")
    var maxMinutes: Double?

    @Argument(parsing: .postTerminator, help: "What every trial's train is given, after '--'.")
    var training: [String] = []

    func validate() throws {
        try Limit.check("--trials", trials, in: 1...SweepPlan.maximumTrials)
        try Limit.check(minutes: maxMinutes)
    }

    func run() async throws {
        let stop = StopSignal()
        let watch = Task { await stop.watch() }
        defer { watch.cancel() }
        let (table, failures) = try await OwnThread.run {
            let outcome = try SweepRun(self).run(isStopping: { stop.isRaised })
            return (outcome.report.text, outcome.failures)
        }
        print(table)
        if failures > 0 { throw ExitCode.failure }
    }

    /// The trials that the flags ask for.
    ///
    /// - Throws: `TrainingError.notAnAxis` and `.tooManyTrials`.
    var plan: SweepPlan {
        get throws {
            try SweepPlan(vary.map { try SweepAxis($0) }, search == .grid ? .grid : .random(trials: trials, seed: seed))
        }
    }
}
