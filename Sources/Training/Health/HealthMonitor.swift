import Foundation
import SwitchModel

/// Watches a run, step by step: numbers in, diagnoses out.
///
/// Saved with a checkpoint, so that a run that goes on remembers.
package struct HealthMonitor: Equatable, Sendable, Codable {
    /// May be changed while a run goes on, and is not saved: a call has its own.
    package var policy = HealthPolicy()
    /// Global gradient norms of the last steps taken.
    private var norms: [Double] = []
    private var smoothedLoss: Double?
    private var bestSmoothedLoss = Double.infinity
    private var recoveries = Recoveries()
    /// Steps in a row that each expert of each sparse layer, or each parameter, was short of tokens or of a gradient.
    private var idle = Streaks()
    private var still = Streaks()
    /// What was said is not said again before it has got better.
    private var said: Set<Ailment> = []
    private var worseValidations = 0
    private var bestValidation = Double.infinity

    package init(_ policy: HealthPolicy) { self.policy = policy }

    private enum CodingKeys: String, CodingKey {
        case norms, smoothedLoss, bestSmoothedLoss, recoveries, idle, still, said, worseValidations, bestValidation
    }

    /// What one step found, before its parameters are changed.
    package struct Step {
        /// What is trained for, in nats a token.
        package var objective: Double
        /// Before they are clipped, in the order of `parameters`.
        package var norms: GradientNorms
        /// Of each sparse layer, the encoder's before the decoder's.
        package var routing: [LayerRouting]
        /// Those of the layout, in its order.
        package var parameters: [Parameter]
    }

    /// Judges a step whose parameters have not been changed yet.
    ///
    /// - Returns: at most one diagnosis: the worst.
    package mutating func judge(_ step: Step) -> Diagnosis? {
        let norm = step.norms.global
        if let diagnosis = notFinite(step, norm) { return recoveries.counted(diagnosis, policy) }
        let explosion = exploding(norm)
        if let explosion, explosion.spoilsStep { return recoveries.counted(explosion, policy) }
        norms.append(norm)
        if norms.count > policy.memory { norms.removeFirst() }
        count(step, norm)
        recoveries.heal(after: policy.healedAfter)
        let found = diverged(step.objective) ?? explosion ?? collapsed(step.routing) ?? vanishing(step.parameters)
        return found.map { recoveries.counted($0, policy) }
    }

    /// What the learning rate is multiplied by: every recovery halves it until it has healed.
    package var rateScale: Double { recoveries.rateScale }

    /// Judges a validation loss, in nats a token: whether it has long been over its best while the training loss falls.
    ///
    /// - Returns: `Ailment.overfitting`, said once until it has got better, or nil.
    package mutating func judge(validation loss: Double) -> Diagnosis? {
        guard loss > bestValidation + policy.overfittingBy else {
            worseValidations = 0
            said.remove(.overfitting)
            bestValidation = min(bestValidation, loss)
            return nil
        }
        worseValidations += 1
        guard worseValidations >= policy.overfittingChecks, let smoothedLoss, smoothedLoss <= bestSmoothedLoss + 0.05
        else { return nil }
        let found = say(
            .overfitting,
            "the validation loss is \(text(loss)), its best was \(text(bestValidation)), and the training loss still falls",
            "stop here, or try more dropout, expert dropout, label smoothing or data, or a smaller model"
        )
        return found.map { recoveries.counted($0, policy) }
    }

    private func notFinite(_ step: Step, _ norm: Double) -> Diagnosis? {
        guard !step.objective.isFinite || !norm.isFinite else { return nil }
        let culprits = zip(step.parameters, step.norms.parameters).filter { !$1.isFinite }.map(\.0.name)
        let named =
            culprits.prefix(3).joined(separator: ", ") + (culprits.count > 3 ? " and \(culprits.count - 3) more" : "")
        return Diagnosis(
            ailment: .notFinite,
            finding: step.objective.isFinite
                ? "the gradients of \(named) are not numbers" : "the loss is \(step.objective)",
            advice:
                "look for such numbers in the data, lower the learning rate, warm up longer, keep the router in f32",
            remedy: policy.notFinite
        )
    }

    private func exploding(_ norm: Double) -> Diagnosis? {
        guard norms.count >= min(20, policy.memory) else { return nil }
        let median = norms.sorted()[norms.count / 2]
        guard norm > policy.explodingFactor * median else { return nil }
        return Diagnosis(
            ailment: .exploding,
            finding:
                "the gradient's norm is \(text(norm)), the median of the last \(norms.count) steps \(text(median))",
            advice: "lower the learning rate, warm up longer, clip at a smaller norm, raise the router z-loss",
            remedy: policy.exploding
        )
    }

    private mutating func diverged(_ objective: Double) -> Diagnosis? {
        let smoothed = smoothedLoss.map { $0 + 0.02 * (objective - $0) } ?? objective
        smoothedLoss = smoothed
        bestSmoothedLoss = min(bestSmoothedLoss, smoothed)
        guard smoothed > bestSmoothedLoss + policy.divergedBy else {
            said.remove(.diverged)
            return nil
        }
        defer { if policy.diverged == .recover { judgeAnew(from: smoothed) } }
        return say(
            .diverged,
            "the loss has risen from \(text(bestSmoothedLoss)) to \(text(smoothed)) nats a token",
            "lower the learning rate by 3 to 10 times, warm up longer, clip at a smaller norm"
        )
    }

    /// What a lower rate makes of the loss is judged from here on.
    private mutating func judgeAnew(from loss: Double) {
        bestSmoothedLoss = loss
        said.remove(.diverged)
    }

    /// Counts how long experts have had no tokens, and matrices no gradient.
    private mutating func count(_ step: Step, _ norm: Double) {
        idle.count(step.routing.flatMap(\.tokens).map { $0 == 0 })
        still.count(
            zip(step.parameters, step.norms.parameters).map { parameter, own in
                // An expert without tokens has no gradient: that is another ailment.
                let isJudged = parameter.isLearnt && parameter.role == .matrix && !parameter.name.contains(".experts.")
                return isJudged && own <= policy.vanishingShare * norm
            }
        )
    }

    private mutating func collapsed(_ routing: [LayerRouting]) -> Diagnosis? {
        let layers = routing.flatMap { layer in layer.tokens.map { _ in layer } }
        let dead = idle.lasting(policy.patience)
        guard let first = dead.first else {
            said.remove(.collapsedRouting)
            return nil
        }
        let layer = layers[first]
        let alone = layer.tokens.filter { $0 > 0 }.count == 1 ? ": all tokens go to one expert" : ""
        return say(
            .collapsedRouting,
            "\(dead.count) experts, the first in block \(layer.block) of the \(layer.stack.rawValue), have had no token for "
                + "\(policy.patience) steps\(alone)",
            "raise the balance loss, add router jitter, lower the learning rate, start the router smaller"
        )
    }

    private mutating func vanishing(_ parameters: [Parameter]) -> Diagnosis? {
        let dead = still.lasting(policy.patience)
        guard let first = dead.first else {
            said.remove(.vanishing)
            return nil
        }
        return say(
            .vanishing,
            "\(dead.count) matrices, the first \(parameters[first].name), have had less than "
                + "\(policy.vanishingShare) of the gradient for \(policy.patience) steps",
            "start with larger matrices or a smaller embedding, raise the learning rate, use fewer layers"
        )
    }

    private mutating func say(_ ailment: Ailment, _ finding: String, _ advice: String) -> Diagnosis? {
        let remedy = policy.remedy(for: ailment)
        guard said.insert(ailment).inserted || remedy == .stop else { return nil }
        return Diagnosis(ailment: ailment, finding: finding, advice: advice, remedy: remedy)
    }

    private func text(_ value: Double) -> String { String(format: "%.4g", value) }
}
