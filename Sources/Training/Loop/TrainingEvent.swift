import SwitchModel

/// What a run tells while it goes on; each is a line of the log.
package enum TrainingEvent: Sendable {
    case step(StepReport)
    case validation(Validation)
    case diagnosis(HealthReport)
}

/// Some steps' work, averaged.
package struct StepReport: Equatable, Sendable, Encodable {
    package var step: Int
    package var epoch: Int
    /// Nats a token, without smoothing and router losses.
    package var loss: Double
    /// What is trained for.
    package var objective: Double
    package var accuracy: Double
    /// Of the last step.
    package var rate: Double
    package var norm: Double
    /// Of the gradients of each block, and of what is in none, by the name their parameters begin with.
    package var layerNorms: [String: Double]
    package var balance: Double
    package var z: Double
    package var tokensPerSecond: Double
    package var layers: [Layer]

    /// One sparse layer.
    package struct Layer: Equatable, Sendable, Encodable {
        package var stack: String
        package var block: Int
        package var tokens: [Int]
        package var dropped: Int
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
