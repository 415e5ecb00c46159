import Foundation
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
        for _ in 0..<3 {
            #expect(monitor.judge(step(.nan))?.remedy == .recover)
            #expect(monitor.judge(step()) == nil)
        }
        #expect(monitor.judge(step(.nan))?.remedy == .stop)
    }

    @Test func aRateThatWasHalvedIsDoubledAgain() {
        var monitor = monitor { ($0.maximumRecoveries, $0.healedAfter) = (3, 10) }
        for _ in 0..<2 { _ = monitor.judge(step(.nan)) }
        #expect(monitor.rateScale == 0.25)
        for _ in 0..<9 { _ = monitor.judge(step()) }
        #expect(monitor.rateScale == 0.25)
        _ = monitor.judge(step())
        #expect(monitor.rateScale == 0.5)
        for _ in 0..<100 { _ = monitor.judge(step()) }
        #expect(monitor.rateScale == 1)
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

    @Test func aLossThatRisesAgainAtHalfTheRateIsSaidAgain() {
        var monitor = monitor { $0.diverged = .recover }
        for _ in 0..<100 { _ = monitor.judge(step(2)) }
        let found = (0..<400).compactMap { _ in monitor.judge(step(12)) }
        #expect(found.count > 1 && found.allSatisfy { $0.ailment == .diverged })
        #expect(found.prefix(5).allSatisfy { $0.remedy == .recover })
    }

    @Test func anExplosionThatIsOnlyReportedDoesNotHideADivergence() {
        var monitor = monitor { $0.exploding = .report }
        for _ in 0..<100 { _ = monitor.judge(step(2)) }
        let found = (0..<200).compactMap { _ in monitor.judge(step(8, norm: 100)) }
        #expect(found.first?.ailment == .exploding)
        #expect(found.contains { $0.ailment == .diverged && $0.remedy == .stop })
    }

    @Test func twoAilmentsOfOneStepAreBothSaid() {
        var monitor = monitor()
        guard let index = layers.layout.parameters.firstIndex(where: { $0.role == .matrix }) else { return }
        let found = (0..<10).compactMap { _ in
            var step = step(tokens: [10, 0])
            var norms = step.norms.parameters
            norms[index] = 0
            step.norms = GradientNorms(parameters: norms)
            return monitor.judge(step)
        }
        #expect(Set(found.map(\.ailment)) == [.collapsedRouting, .vanishing] && found.count == 2)
    }

    @Test func aMonitorThatWasSavedFollowsThePolicyOfTheCall() throws {
        var saved = monitor()
        _ = saved.judge(step())
        var read = try JSONDecoder.ofRuns().decode(HealthMonitor.self, from: JSONEncoder.ofRuns().encode(saved))
        #expect(read != saved)
        read.policy = saved.policy
        #expect(read == saved)
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
