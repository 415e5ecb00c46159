/// Everything that decides what a run does with its data; `training.json` keeps it.
package struct TrainingSettings: Equatable, Sendable, Codable {
    /// What weights are rounded to in products; router, norms and position biases stay in Float32, and so does what the
    /// optimizer changes.
    package enum Precision: String, CaseIterable, Sendable, Codable {
        case float32 = "f32"
        case bfloat16 = "bf16"
    }

    /// The sizes of a model that is trained from nothing; of one that a run begins with, only `capacityFactor` counts.
    package var model = ModelSettings()
    /// The model that a run begins with; nil for weights that are drawn.
    package var start: Start?
    /// What is not learnt; nil for nothing, as in runs that were begun before there was a choice.
    package var frozen: [ParameterGroup]?
    /// Whether activations are computed again on the way back rather than kept; nil as `frozen`.
    package var recomputes: Bool?
    package var regularization = Regularization()
    package var optimizer = OptimizerSettings()
    package var learningRate = LearningRate()
    package var health = HealthPolicy()
    package var precision = Precision.float32
    /// Decides everything random: first weights, what is held out, batches, dropout.
    package var seed: UInt64 = 1

    /// Steps of a whole run; those whose gradients are left out count too.
    package var steps = 10_000
    /// What the steps may take; validations do not count.
    package var maximumSeconds: Double?
    /// Of inputs and outputs together, in one batch.
    package var batchTokens = 4096
    /// Batches whose gradients make one step.
    package var accumulation = 1
    /// Threads that each compute a part of a batch.
    package var workers = 2
    /// How much of its past the average of the weights keeps at each step, from 0 up to 1; nil for no average.
    package var averageDecay: Double?

    /// Steps between validations; the last step has one too.
    package var validateEvery = 500
    /// Steps between checkpoints; the last step has one too.
    package var saveEvery = 500
    /// Steps between lines of the log; the last step has one too.
    package var logEvery = 10
    /// Checkpoints that are kept.
    package var keep = 2
    /// Validations without a better one before a run ends; 0 for never.
    package var patience = 0

    package init() {}

    /// What a run began with, as it is written down.
    package struct Start: Equatable, Sendable, Codable {
        /// As it was named.
        package var directory: String
        /// Of its files, so that another model under the same name is noticed.
        package var fingerprint: String
        /// What became sparse of it; nil where it stayed as it was.
        package var upcycling: Upcycling?

        package init(directory: String, fingerprint: String) {
            (self.directory, self.fingerprint) = (directory, fingerprint)
        }
    }

    /// What is trained: a model of these sizes, with what settings say of it beside.
    ///
    /// - Parameter sizes: those of `model`, or of the model that the run begins with.
    package func shape(_ sizes: ModelShape) -> ModelShape {
        var shape = sizes
        shape.capacity = model.capacityFactor.map { .factor($0) } ?? .perSequence
        (shape.frozen, shape.recomputes) = (frozen ?? [], recomputes ?? false)
        return shape
    }
}
