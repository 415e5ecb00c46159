import InferenceAPI
import Synchronization

/// Whether the process takes new requests: yes until it drains.
final class ReadinessSwitch: Sendable {
    private let isDraining = Atomic<Bool>(false)

    var value: Readiness { isDraining.load(ordering: .relaxed) ? .draining : .ready }

    func beginDraining() {
        isDraining.store(true, ordering: .relaxed)
    }
}
