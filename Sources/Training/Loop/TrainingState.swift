package import Checkpoints
import Foundation
import Ranks
package import Tensors

/// All that a run needs to go on as if it had never stopped.
///
/// Everything random follows from the seed and the step, so that no state of a generator is among it.
package final class TrainingState {
    /// The part that is written as JSON.
    package struct Progress: Equatable, Sendable, Codable {
        /// Steps done.
        package var step = 0
        /// Steps the optimizer was given: those that were left out are not among them.
        package var updates = 0
        package var position = DataPosition()
        package var monitor: HealthMonitor
        /// The best validation so far, and when it was.
        package var best: Validation?
        /// In a row without a better one; patience is measured by it.
        package var validationsSinceBest = 0
        /// Sources and inputs of all steps.
        package var tokens = 0
        /// What its steps have taken, over all calls.
        package var seconds = 0.0
        /// Steps since the last line of the log.
        var totals = StepTotals()

        init(monitor: HealthMonitor) { self.monitor = monitor }
    }

    package let layout: ParameterLayout
    /// What is at this rank; of everything else, buffers hold nothing.
    let share: ParameterShare
    private let team: RankTeam
    package var progress: Progress
    /// What the optimizer changes, in full precision: `[layout.count]`.
    package let values: FloatBuffer
    package let optimizer: any Optimizer
    /// The average of the weights over the steps, `[layout.count]`; nil when there is none.
    package let average: FloatBuffer?

    /// The state before the first step: the optimizer's memory at 0, weights drawn by the seed or those of a model, the
    /// average a copy of them.
    ///
    /// - Parameter start: nil to draw them.
    ///
    /// - Throws: `CheckpointError` for a tensor of the model that is missing, of another shape, or no numbers.
    package init(
        _ settings: TrainingSettings,
        _ layout: ParameterLayout,
        from start: StartingModel?,
        in team: RankTeam = RankTeam()
    ) throws(CheckpointError) {
        (self.layout, self.team) = (layout, team)
        share = ParameterShare(layout, rank: team.rank, ranks: team.count)
        progress = Progress(monitor: HealthMonitor(settings.health))
        values = FloatBuffer(count: layout.count)
        if let start {
            try layout.read(start.source, into: values, share)
        } else {
            layout.draw(into: values, seed: settings.seed, share)
        }
        optimizer = settings.optimizer.optimizer(for: layout, share)
        average = settings.averageDecay.map { _ in FloatBuffer(count: layout.count) }
        for range in share.kept { average?[range].copy(values[range]) }
    }

    /// The weights a model is judged and served by.
    package var served: FloatBuffer { average ?? values }

    private static let progressName = "progress.json"
    private static let weightsName = "model.safetensors"

    /// Everything but the progress, in the order of names.
    private var memory: [ParameterMemory] {
        let places = layout.parameters.map(\.range)
        let own = [("values", values)] + (average.map { [("average", $0)] } ?? [])
        let all = own.map { ParameterMemory(name: $0, buffer: $1, places: places) } + optimizer.memory
        return all.sorted { $0.name < $1.name }
    }

    /// The weights a model is judged and served by, of all ranks: `[layout.count]`, at rank 0; nil at the others.
    func gatheredWeights() throws(RanksError) -> FloatBuffer? {
        let places = layout.parameters.map(\.range)
        return try team.gathered(ParameterMemory(name: "served", buffer: served, places: places), layout, share)
    }

    /// Has rank 0 write everything into a directory that is there; until it returns, what is in it is not whole.
    ///
    /// What is at other ranks is sent one buffer at a time.
    ///
    /// - Parameter directory: rank 0's.
    ///
    /// - Throws: `CheckpointError.unwritable`, and Foundation's errors where the progress cannot be written; `RanksError`.
    package func write(to directory: String) throws {
        guard team.isFirst else { preconditionFailure("rank 0 writes") }
        let entries = memory.map { memory in
            SafetensorsWriter.Entry(memory.name, [memory.buffer.count], .float32) { [self] in
                // Of no use where a rank is silent; `team` remembers that.
                ((try? team.gathered(memory, layout, share)) ?? memory.buffer).elements
            }
        }
        try SafetensorsWriter(entries).write(to: "\(directory)/\(Self.weightsName)")
        if let fault = team.fault { throw fault }
        let progress = try JSONEncoder.ofRuns(.prettyPrinted).encode(progress)
        try progress.write(to: URL(fileURLWithPath: "\(directory)/\(Self.progressName)"))
        try CheckpointSeal.write(to: directory)
    }

    /// Sends rank 0 what it writes.
    func handOver() throws(RanksError) {
        for memory in memory { _ = try team.gathered(memory, layout, share) }
    }

    /// Reads everything from a directory that `write` wrote, of the same settings.
    ///
    /// - Throws: `CheckpointError` for files that are missing, damaged or of other sizes, and `TrainingError.unreadable` for
    ///   the progress.
    package func read(from directory: String) throws {
        try read { directory }
    }

    /// Has every rank hear what rank 0 reads of a checkpoint, if there is one.
    ///
    /// - Parameter checkpoint: asked at rank 0.
    func read(_ checkpoint: () -> String?) throws {
        let directory = team.isFirst ? checkpoint() : nil
        let progress = try team.bytesOfFirst {
            try directory.map { Array(try Data(contentsOf: URL(fileURLWithPath: "\($0)/\(Self.progressName)"))) } ?? []
        }
        guard !progress.isEmpty else { return }
        let source = try directory.map { WeightScope(root: try CheckpointDirectory($0)) }
        for memory in memory {
            let elements = try source?.tensor(memory.name, [memory.buffer.count]).floats()
            try team.share(out: elements ?? [], memory, layout, share)
        }
        do {
            self.progress = try JSONDecoder.ofRuns().decode(Progress.self, from: Data(progress))
        } catch {
            let file = "\(directory ?? "rank 0's checkpoint")/\(Self.progressName)"
            throw TrainingError.unreadable(file: file, reason: "\(error)")
        }
        optimizer.resume(steps: self.progress.updates)
    }
}

/// How good a model was at a step.
package struct Validation: Equatable, Sendable, Codable {
    /// Steps done before it.
    package var step: Int
    /// Nats a token.
    package var loss: Double
    /// e to the loss.
    package var perplexity: Double
    /// The share of labels that were the most probable token, from 0 to 1.
    package var accuracy: Double
    /// From 0 to 100, where outputs were compared with references.
    package var bleu: Double?
    /// The largest expert's tokens by the mean, of the most uneven layer.
    package var imbalance: Double
    /// Of all choices, from 0 to 1, those that found their expert full, in the layer where most did.
    package var dropped: Double

    /// A higher BLEU, or without one, or with the same, a lower loss.
    func isBetter(than other: Validation) -> Bool {
        if let bleu, let otherBleu = other.bleu, bleu != otherBleu { return bleu > otherBleu }
        return loss < other.loss
    }
}
