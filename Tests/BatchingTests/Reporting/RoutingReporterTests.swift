import Generation
import SwitchModel
import Telemetry
import Tensors
import Testing

@testable import Batching

@Suite struct RoutingReporterTests {
    private let load = ExpertLoad(layers: [.init(stack: .encoder, block: 1, experts: 3)])
    private let probabilities = Matrix(
        rows: 3,
        columns: 3,
        elements: [
            0.5, 0.125, 0.375,
            0.5, 0.25, 0.25,
            0.25, 0.25, 0.5,
        ]
    )

    /// Experts take two rows.
    private func plan(choices: Int) -> RoutingPlan {
        var plan = RoutingPlan(stack: .encoder, block: 1, expertCount: 3, choices: choices)
        plan.fill(probabilities, .sequences([0..<3]), capacity: 2)
        return plan
    }

    @Test func aTokenCountsOnceForEachExpertItGoesTo() {
        let reporter = RoutingReporter(load)
        reporter.record([plan(choices: 1)])
        let one = load.totals[0].load
        #expect(one.tokens == [2, 0, 1] && one.dropped == [0, 0, 0])
        #expect(one.topProbabilitySum == 1.5 && one.gateSums == [1, 0, 0.5])
        reporter.record([plan(choices: 2)])
        var two = load.totals[0].load
        #expect(two.tokens == [4, 1, 3] && two.dropped == [1, 0, 0])
        // Means over tokens stay what they were.
        #expect(two.topProbabilitySum == 3 * one.topProbabilitySum && two.entropySum == 3 * one.entropySum)
        two.add(one)
        #expect(two.tokens.reduce(0, +) + two.dropped.reduce(0, +) == 12)
    }

    @Test func everyChoiceOfARowIsARoute() {
        let reporter = RoutingReporter(load)
        let route = TokenRoute(position: 7, block: 1, choice: 0, expert: 2, gate: 0.5 / 0.75, isDropped: false)
        var second = route
        (second.choice, second.expert, second.gate, second.isDropped) = (1, 0, 0.25 / 0.75, true)
        #expect(reporter.routes(of: 2, position: 7, in: [plan(choices: 2)]) == [route, second])
        var only = route
        only.gate = 0.5
        #expect(reporter.routes(of: 2, position: 7, in: [plan(choices: 1)]) == [only])
    }
}
