import Checkpoints
import Foundation
import Logging
import Ranks
import SwitchModel
import Tensors

/// What a rank does that serves no requests: it holds experts, and computes what they are asked.
struct HostedExperts {
    let options: ModelOptions
    let job: RankJob
    let logger: Logger

    /// Loads the experts and returns when rank 0 says that no more follows.
    ///
    /// - Throws: `CheckpointError`, `ConfigurationError`, `RanksError`.
    func run() throws {
        let checkpoint = try CheckpointDirectory(options.transformerDirectory())
        let configuration = try options.configuration(of: checkpoint)
        options.instructionSet.set?.use()
        try job.settleInstructionSet()
        let precision = try options.precision(of: checkpoint, configuration)
        var context = LoadingContext(
            configuration: configuration,
            precision: precision.layers,
            workers: Workers(threads: options.threads(of: .current())),
            reach: 1
        )
        context.expertPrecision = precision.experts
        context.expertMemory = options.expertMemory.map { ExpertMemory(budget: $0.bytes) }
        let spread = try job.spread(options, configuration, precision)
        let experts = try ExpertHost(WeightScope(root: checkpoint), context, spread)
        try job.awaitLoaded()
        logger.info(
            "holding experts for rank 0",
            metadata: [
                "rank": "\(job.ranks.rank)", "ranks": "\(job.ranks.count)",
                "share": "\(spread.placement.share(of: job.ranks.rank))", "threads": "\(context.workers.threads)",
            ]
        )
        try experts.serve()
        logger.info("stopped", metadata: ["rank": "\(job.ranks.rank)"])
    }
}
