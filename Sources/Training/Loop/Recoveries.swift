import Foundation

/// How often a run has had to recover, and what that leaves of its learning rate.
struct Recoveries: Equatable, Sendable, Codable {
    /// Those that have not healed, and the steps since the last change of them.
    private var count = 0
    private var calmSteps = 0

    /// Each halves the rate.
    var rateScale: Double { pow(0.5, Double(count)) }

    /// A diagnosis whose remedy is to recover is one more; where too many have not helped, the run is to stop.
    mutating func counted(_ diagnosis: Diagnosis, _ policy: HealthPolicy) -> Diagnosis {
        guard diagnosis.remedy == .recover else { return diagnosis }
        var diagnosis = diagnosis
        (count, calmSteps) = (count + 1, 0)
        if count > policy.maximumRecoveries {
            diagnosis.remedy = .stop
            diagnosis.finding += "; halving the rate \(policy.maximumRecoveries) times did not help"
        }
        return diagnosis
    }

    /// Counts a step that went well.
    mutating func heal(after steps: Int) {
        guard count > 0 else { return }
        calmSteps += 1
        if calmSteps >= steps { (count, calmSteps) = (count - 1, 0) }
    }
}
