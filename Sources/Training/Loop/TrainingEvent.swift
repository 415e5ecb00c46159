import SwitchModel

/// What a run tells while it goes on; each is a line of the log.
package enum TrainingEvent: Sendable {
    case step(StepReport)
    case validation(Validation)
    case diagnosis(HealthReport)
}

/// Some steps' work, averaged.
package struct StepReport: Equatable, Sendable, Encodable {
    /// The last of the steps, counted from 1.
    package var step: Int
    /// Counted from 0.
    package var epoch: Int
    /// Nats a token, without smoothing and router losses.
    package var loss: Double
    /// What is trained for, in nats a token: the smoothed loss and the weighted router losses.
    package var objective: Double
    /// The share of labels that were the most probable token, from 0 to 1.
    package var accuracy: Double
    /// The learning rate of the last step, halved by recoveries; the optimizer's multiples are not in it.
    package var rate: Double
    /// The global norm of the last step's gradients, before they are clipped.
    package var norm: Double
    /// The last step's gradient norms, before clipping, of each block and of what is in none, by the name their
    /// parameters begin with.
    package var layerNorms: [String: Double]
    /// The balance loss of a step, summed over layers, before it is multiplied with its weight.
    package var balance: Double
    /// The router z-loss of a step, summed over layers, before it is multiplied with its weight.
    package var z: Double
    /// Sources and inputs by the time of the steps; validations do not count.
    package var tokensPerSecond: Double
    /// The encoder's before the decoder's.
    package var layers: [Layer]

    /// One sparse layer.
    package struct Layer: Equatable, Sendable, Encodable {
        package var stack: String
        /// Index of the block in its stack, from 0.
        package var block: Int
        /// Choices of each expert over the steps, dropped ones included, `[experts]`.
        package var tokens: [Int]
        /// Choices that found their expert full.
        package var dropped: Int
        /// What outputs of experts were scaled by on average, from 0 to 1; dropped choices do not count.
        package var meanGate: Double

        init(_ routing: LayerRouting) {
            (stack, block) = (routing.stack.rawValue, routing.block)
            (tokens, dropped) = (routing.tokens, routing.dropped)
            meanGate = routing.gateSum / Double(max(routing.total - routing.dropped, 1))
        }
    }

    init(_ progress: TrainingState.Progress, rate: Double, norm: Double, layerNorms: [String: Double]) {
        let totals = progress.totals
        (step, epoch) = (progress.step, progress.position.epoch)
        (loss, accuracy, objective) = (totals.loss.mean, totals.loss.accuracy, totals.mean(totals.objective))
        (self.rate, self.norm, self.layerNorms) = (rate, norm, layerNorms)
        (balance, z) = (totals.mean(totals.loss.router.balance), totals.mean(totals.loss.router.z))
        tokensPerSecond = totals.tokensPerSecond
        layers = totals.routing.map { Layer($0) }
    }

    enum CodingKeys: String, CodingKey {
        case step, epoch, loss, objective, accuracy, rate, norm, balance, z, layers
        case layerNorms = "layer_norms"
        case tokensPerSecond = "tokens_per_second"
    }
}

/// An ailment and what was done about it.
package struct HealthReport: Equatable, Sendable, Encodable {
    /// The step that was judged, counted from 1, or the one before the validation.
    package var step: Int
    package var ailment: String
    package var finding: String
    package var advice: String
    package var remedy: String

    init(step: Int, _ diagnosis: Diagnosis) {
        self.step = step
        (ailment, remedy) = (diagnosis.ailment.rawValue, diagnosis.remedy.rawValue)
        (finding, advice) = (diagnosis.finding, diagnosis.advice)
    }
}
