/// Adds steps up between two lines of the log.
struct StepTotals: Equatable, Sendable, Codable {
    private(set) var loss = LossSum()
    private(set) var objective = 0.0
    private(set) var routing: [LayerRouting] = []
    private var tokens = 0
    private var seconds = 0.0
    private var steps = 0

    mutating func add(_ outcome: GradientWorkers.Outcome, objective: Double, tokens: Int, seconds: Double) {
        loss.add(outcome.loss)
        self.objective += objective
        routing = routing.isEmpty ? outcome.routing : LayerRouting.sum([routing, outcome.routing])
        self.tokens += tokens
        self.seconds += seconds
        steps += 1
    }

    /// Of one step.
    func mean(_ sum: Double) -> Double { sum / Double(max(steps, 1)) }

    var tokensPerSecond: Double { seconds > 0 ? Double(tokens) / seconds : 0 }
}
