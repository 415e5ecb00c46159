import InferenceAPI
import Synchronization

/// What the process can answer now: nothing while the model loads, everything once it is there, less while it drains.
final class ServingState: Sendable {
    private struct State {
        var progress = 0.0
        var model: RunningModel?
        var isDraining = false
    }

    private let state = Mutex(State())

    /// What `/readyz` says, on any thread; draining wins over all else.
    var readiness: Readiness {
        state.withLock { state in
            if state.isDraining { return .draining }
            return state.model == nil ? .loading(progress: state.progress) : .ready
        }
    }

    /// nil until the model is loaded.
    var model: RunningModel? { state.withLock { $0.model } }

    /// How much of the model is there.
    ///
    /// - Parameter progress: from 0 to 1.
    func loading(progress: Double) {
        state.withLock { $0.progress = progress }
    }

    /// Requests are answered by this model from now on.
    func loaded(_ model: RunningModel) {
        state.withLock { $0.model = model }
    }

    /// For good: `/readyz` is 503 from now on.
    func beginDraining() {
        state.withLock { $0.isDraining = true }
    }
}
