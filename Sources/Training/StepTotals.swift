/// Adds steps up between two lines of the log.
struct StepTotals {
    private var loss = LossSum()
    private var objective = 0.0
    private var routing: [LayerRouting] = []
    private var tokens = 0
    private var seconds = 0.0
    private(set) var steps = 0

    mutating func add(_ outcome: GradientWorkers.Outcome, objective: Double, tokens: Int, seconds: Double) {
        loss.add(outcome.loss)
        self.objective += objective
        routing = routing.isEmpty ? outcome.routing : LayerRouting.sum([routing, outcome.routing])
        self.tokens += tokens
        self.seconds += seconds
        steps += 1
    }

    func report(step: Int, epoch: Int, rate: Double, norm: Double) -> StepReport {
        let count = Double(max(steps, 1))
        return StepReport(
            step: step,
            epoch: epoch,
            loss: loss.mean,
            objective: objective / count,
            accuracy: loss.accuracy,
            rate: rate,
            norm: norm,
            balance: loss.router.balance / count,
            z: loss.router.z / count,
            tokensPerSecond: seconds > 0 ? Double(tokens) / seconds : 0,
            layers: routing.map { StepReport.Layer($0) }
        )
    }
}
