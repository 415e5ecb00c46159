import Checkpoints
import Foundation
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
    package var progress: Progress
    /// What the optimizer changes, in full precision: `[layout.count]`.
    package let values: FloatBuffer
    package let optimizer: any Optimizer
    /// The average of the weights over the steps, `[layout.count]`; nil when there is none.
    package let average: FloatBuffer?

    /// The state before the first step: weights drawn by the seed, the optimizer's memory at 0, the average a copy.
    package init(_ settings: TrainingSettings, _ layout: ParameterLayout) {
        self.layout = layout
        progress = Progress(monitor: HealthMonitor(settings.health))
        values = FloatBuffer(count: layout.count)
        layout.draw(into: values, seed: settings.seed)
        optimizer = settings.optimizer.optimizer(for: layout)
        average = settings.averageDecay.map { _ in FloatBuffer(count: layout.count) }
        average?.all.copy(values.all)
    }

    /// The weights a model is judged and served by.
    package var served: FloatBuffer { average ?? values }

    private static let progressName = "progress.json"
    private static let weightsName = "model.safetensors"

    private var buffers: [(name: String, buffer: FloatBuffer)] {
        [("values", values)] + optimizer.memory + (average.map { [("average", $0)] } ?? [])
    }

    /// Writes everything into a directory that is there; until it returns, what is in it is not whole.
    ///
    /// - Throws: `CheckpointError.unwritable`, and Foundation's errors where the progress cannot be written.
    package func write(to directory: String) throws {
        let entries = buffers.map { name, buffer in
            SafetensorsWriter.Entry(name, [buffer.count], .float32) { buffer.all.elements }
        }
        try SafetensorsWriter(entries).write(to: "\(directory)/\(Self.weightsName)")
        let progress = try JSONEncoder.ofRuns(.prettyPrinted).encode(progress)
        try progress.write(to: URL(fileURLWithPath: "\(directory)/\(Self.progressName)"))
    }

    /// Reads everything from a directory that `write` wrote, of the same settings.
    ///
    /// - Throws: `CheckpointError` for files that are missing, damaged or of other sizes, and decoding errors of the
    ///   progress.
    package func read(from directory: String) throws {
        let source = WeightScope(root: try CheckpointDirectory(directory))
        for (name, buffer) in buffers { buffer.all.store(try source.tensor(name, [buffer.count]).floats()) }
        progress = try JSONDecoder.ofRuns().decode(
            Progress.self,
            from: Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(Self.progressName)"))
        )
        optimizer.resume(steps: progress.updates)
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
