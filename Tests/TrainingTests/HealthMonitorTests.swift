import SwitchModel
import Testing

@testable import Training

/// What is found wrong with a run, from its numbers alone.
@Suite struct HealthMonitorTests {
    private let layers = GoldenModelShape.layers

    private func step(_ objective: Double = 3, norm: Double = 1, tokens: [Int] = [5, 5]) -> HealthMonitor.Step {
        let parameters = layers.layout.parameters
        let each = norm / Double(parameters.count).squareRoot()
        return HealthMonitor.Step(
            objective: objective,
            norms: GradientNorms(parameters: parameters.map { _ in each }),
            routing: [LayerRouting(stack: .encoder, block: 1, tokens: tokens)],
            parameters: parameters
        )
    }

    private func monitor(_ change: (inout HealthPolicy) -> Void = { _ in }) -> HealthMonitor {
        var policy = HealthPolicy()
        policy.patience = 5
        change(&policy)
        return HealthMonitor(policy)
    }

    @Test func aHealthyRunIsLeftAlone() {
        var monitor = monitor()
        for index in 0..<500 { #expect(monitor.judge(step(3 - Double(index) / 500)) == nil) }
    }

    @Test(arguments: [Double.nan, .infinity])
    func aLossThatIsNoNumberIsNotFinite(loss: Double) {
        var monitor = monitor()
        let diagnosis = monitor.judge(step(loss))
        #expect(diagnosis?.ailment == .notFinite && diagnosis?.remedy == .recover)
    }

    @Test func aGradientThatIsNoNumberIsNamed() {
        var monitor = monitor()
        var step = step()
        var norms = step.norms.parameters
        norms[3] = .nan
        step.norms = GradientNorms(parameters: norms)
        #expect(monitor.judge(step)?.finding.contains(layers.layout.parameters[3].name) == true)
    }

    @Test func leavingOutStepsEndsWhenItDoesNotHelp() {
        var monitor = monitor { $0.maximumRecoveries = 3 }
        for _ in 0..<3 { #expect(monitor.judge(step(.nan))?.remedy == .recover) }
        #expect(monitor.judge(step(.nan))?.remedy == .stop)
        #expect(monitor.judge(step()) == nil)
        #expect(monitor.judge(step(.nan))?.remedy == .recover)
    }

    @Test func aGradientFarOverItsMedianExplodes() {
        var monitor = monitor()
        for _ in 0..<30 { #expect(monitor.judge(step(norm: 1)) == nil) }
        #expect(monitor.judge(step(norm: 29)) == nil)
        #expect(monitor.judge(step(norm: 40))?.ailment == .exploding)
    }

    @Test func aLossThatRisesForGoodHasDiverged() {
        var monitor = monitor()
        for _ in 0..<100 { _ = monitor.judge(step(2)) }
        #expect(monitor.judge(step(8)) == nil, "one bad step is not enough")
        let found = (0..<200).compactMap { _ in monitor.judge(step(8)) }
        #expect(found.first?.ailment == .diverged && found.first?.remedy == .stop)
    }

    @Test func anExpertWithoutTokensForLongIsCollapsedRouting() {
        var monitor = monitor()
        for _ in 0..<4 { #expect(monitor.judge(step(tokens: [10, 0])) == nil) }
        #expect(monitor.judge(step(tokens: [9, 1])) == nil)
        var found = (0..<5).compactMap { _ in monitor.judge(step(tokens: [10, 0])) }
        #expect(found.count == 1 && found[0].ailment == .collapsedRouting)
        #expect(found[0].finding.contains("one expert"))
        found = (0..<50).compactMap { _ in monitor.judge(step(tokens: [10, 0])) }
        #expect(found.isEmpty, "it is said once")
        _ = monitor.judge(step())
        #expect(
            (0..<5).compactMap { _ in monitor.judge(step(tokens: [10, 0])) }.count == 1,
            "and again when it comes back"
        )
    }

    @Test func aMatrixWithoutGradientForLongVanishes() {
        var monitor = monitor()
        guard let index = layers.layout.parameters.firstIndex(where: { $0.role == .matrix }) else { return }
        var found: [Diagnosis] = []
        for _ in 0..<5 {
            var step = step()
            var norms = step.norms.parameters
            norms[index] = 1e-9
            step.norms = GradientNorms(parameters: norms)
            if let diagnosis = monitor.judge(step) { found.append(diagnosis) }
        }
        #expect(found.map(\.ailment) == [.vanishing])
        #expect(found[0].finding.contains(layers.layout.parameters[index].name))
    }

    @Test func aValidationLossThatRisesWhileTrainingFallsIsOverfitting() {
        var monitor = monitor()
        for index in 0..<50 { _ = monitor.judge(step(3 - Double(index) / 50)) }
        #expect(monitor.judge(validation: 2) == nil)
        #expect(monitor.judge(validation: 2.1) == nil)
        #expect(monitor.judge(validation: 2.2) == nil)
        #expect(monitor.judge(validation: 2.3)?.ailment == .overfitting)
    }
}
