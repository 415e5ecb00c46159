import Checkpoints
import Foundation
import Logging
import Ranks
import SwitchModel
import Tensors

/// The job of which this process is a rank.
struct RankJob: Sendable {
    /// What answers to clients have, once the job is lost, to reach them.
    static let lastWords = Duration.milliseconds(500)
    /// What requests have to finish once mpirun ends the job: a second later it kills, and answers need some of that.
    static let lastChance = Duration.milliseconds(400)
    /// What leaving together may take.
    static let partingTime = Duration.seconds(2)

    let ranks: MPIRanks
    private let runners: ExpertSpread.Runners
    private let patience: RankPatience
    private let placementFile: String?

    /// Joins the job that mpirun started; nil where none is asked for.
    ///
    /// - Throws: `RanksError`.
    init?(_ options: RankOptions) throws {
        guard let serve = options.ranksServe else { return nil }
        // mpirun hands it to all ranks when it gets it: rank 0 drains, the others wait to be told that no more follows.
        signal(SIGUSR1, SIG_IGN)
        ranks = try MPIRanks()
        let asked = options.ranks ?? max(ranks.count, 2)
        guard ranks.count == asked else { throw RanksError.otherCount(asked: asked, found: ranks.count) }
        runners = serve == .all ? .all : .first
        let interruption = RankPatience.Interruption()
        // Of a job that is lost mpirun sends it to all, and a second later SIGKILL, but at once where another ends by it:
        // those that serve have clients to answer before.
        if serve == .all || ranks.rank == 0 {
            Self.atTermination { interruption.raise() }
        } else {
            signal(SIGTERM, SIG_IGN)
        }
        patience = RankPatience(timeout: .seconds(options.rankTimeout), interruption: interruption)
        placementFile = options.placement
    }

    var isServing: Bool { runners == .all || ranks.rank == 0 }

    /// How long the ranks may take to end together once this one's requests are done, given what their drain may take.
    func partingTime(afterDrainOf drain: Duration) -> Duration {
        Self.partingTime + (runners == .all ? drain : .zero)
    }

    /// The port of this rank: those of one machine have neighbouring ones.
    func port(_ first: Int) -> Int { runners == .all && first > 0 ? first + ranks.rankHere : first }

    /// Threads for each of the ranks that share this machine.
    func threads(of machine: MachineShare) -> Int { max(1, machine.threads / ranks.countHere) }

    /// Runs kernels on instructions that all ranks have: others give other bits.
    func settleInstructionSet() throws { try agreement().settleInstructionSet() }

    /// Refuses ranks with another model, program or precision, by name, and says where experts are.
    ///
    /// - Throws: `RanksError`, `PlacementFileError`.
    func spread(
        _ options: ModelOptions,
        _ configuration: SwitchConfiguration,
        _ precision: ModelPrecision
    ) throws -> ExpertSpread {
        let placement = try placement(for: configuration)
        let experts = precision.experts
        try agreement().settle([
            "the program's version": BuildInformation.version,
            "the model": "\(try ModelFingerprint(directory: options.transformerDirectory()))",
            "the precision of weights": precision.layers.rawValue,
            "the precision of experts": experts.rawValue,
            "the instruction set": InstructionSet.current.rawValue,
            "the placement of experts": placement.summary,
            "who serves": "\(runners)",
        ])
        return ExpertSpread(ranks, running: runners, placement, patience, configuration, experts)
    }

    /// Waits until all ranks have loaded what they hold: however long that takes.
    func awaitLoaded() throws {
        try RankAgreement(ranks, RankPatience(timeout: nil)).settle([:])
    }

    /// Ends this process, once those who wait were answered.
    static func leaveLost(_ reason: String, _ logger: Logger) {
        let metadata: Logger.Metadata = ["reason": "\(reason)"]
        logger.critical("the ranks cannot go on together; the job must be started again", metadata: metadata)
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: lastWords / .seconds(1))
            // Without a word to the others: MPI has none for it that cannot hang.
            _exit(RankAgreement.lostStatus)
        }
    }

    private func placement(for configuration: SwitchConfiguration) throws -> ExpertPlacement {
        let layers = configuration.sparseLayers
        guard layers > 0 else { throw RanksError.refused("the model has no experts to spread over ranks") }
        guard let placementFile else {
            return ExpertPlacement(layers: layers, experts: configuration.experts, ranks: ranks.count)
        }
        return try PlacementFile.read(placementFile, layers: layers, experts: configuration.experts, ranks: ranks.count)
    }

    private func agreement() -> RankAgreement { RankAgreement(ranks, patience) }

    /// Calls `body` so long after SIGTERM; its source must live for as long as the process does.
    static func atTermination(after delay: Duration = .zero, _ body: @escaping @Sendable () -> Void) {
        let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        source.setEventHandler { [source] in
            _ = source
            DispatchQueue.global().asyncAfter(deadline: .now() + delay / .seconds(1), execute: body)
        }
        source.resume()
    }
}
