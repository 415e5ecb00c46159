import Foundation

/// What can go wrong with a run.
package enum Ailment: String, CaseIterable, Sendable, Codable {
    /// A loss or a gradient is not a number.
    case notFinite = "not_finite"
    /// One step's gradient is far larger than those before it.
    case exploding
    /// The loss has risen for good.
    case diverged
    /// Some layers hardly learn beside others.
    case vanishing
    /// An expert has been without tokens, or a layer with one expert only, for long.
    case collapsedRouting = "collapsed_routing"
    /// The validation loss rises while the training loss falls.
    case overfitting
}

/// What is done about an ailment.
package enum Remedy: String, CaseIterable, Sendable, Codable {
    /// Only say so.
    case report
    /// Leave the step out and go on at half the rate; where no step is to blame, only halve the rate.
    case recover
    case stop
}

/// When a run is ill, and what is done about it.
package struct HealthPolicy: Equatable, Sendable, Codable {
    package var notFinite = Remedy.recover
    package var exploding = Remedy.recover
    package var diverged = Remedy.stop
    package var vanishing = Remedy.report
    package var collapsedRouting = Remedy.report
    package var overfitting = Remedy.report

    /// A gradient this many times the median of the last `memory` is exploding.
    package var explodingFactor = 30.0
    /// Steps whose gradient norms the median is taken of; nothing explodes before 20 of them, or all if there are
    /// fewer.
    package var memory = 100
    /// A smoothed loss this much over its best, in nats a token, has diverged.
    package var divergedBy = 1.5
    /// A matrix whose gradient is less than this share of the global one hardly learns.
    package var vanishingShare = 1e-6
    /// Steps that routing is collapsed or gradients have vanished before it is said.
    package var patience = 200
    /// Validations in a row whose losses are over the best by `overfittingBy` before it is said.
    package var overfittingChecks = 3
    /// Nats a token that a validation loss may be over the best one.
    package var overfittingBy = 0.02
    /// Recoveries that have not healed, and with the next of which the run is stopped after all.
    package var maximumRecoveries = 5
    /// Steps without another recovery after which one has healed: the rate is doubled again.
    package var healedAfter = 500

    package init() {}

    /// The remedy that is set for an ailment; recoveries that do not help turn it into a stop.
    package func remedy(for ailment: Ailment) -> Remedy {
        switch ailment {
        case .notFinite: notFinite
        case .exploding: exploding
        case .diverged: diverged
        case .vanishing: vanishing
        case .collapsedRouting: collapsedRouting
        case .overfitting: overfitting
        }
    }
}

/// An ailment found, in words, with what to try.
package struct Diagnosis: Equatable, Sendable {
    package var ailment: Ailment
    package var finding: String
    package var advice: String
    package var remedy: Remedy

    /// Whether the step it is about must not change the weights.
    var spoilsStep: Bool {
        switch ailment {
        case .notFinite: true
        case .exploding: remedy != .report
        case .diverged, .vanishing, .collapsedRouting, .overfitting: false
        }
    }
}
