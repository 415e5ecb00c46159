/// Whether the server can answer completions now.
package enum Readiness: Equatable, Sendable {
    case ready
    /// The checkpoint is being read.
    ///
    /// Progress runs from 0 to 1.
    case loading(progress: Double)
    case draining

    var name: String {
        switch self {
        case .ready: "ok"
        case .loading: "loading"
        case .draining: "draining"
        }
    }

    /// Why the server is not ready, as a sentence; nil when it is.
    var reason: String? {
        switch self {
        case .ready: nil
        case .loading(let progress): "The model is loading: \(Int((progress.clampedToUnit * 100).rounded(.down))) %."
        case .draining: "The server is shutting down and takes no new requests."
        }
    }
}

extension Double {
    /// The value moved into 0…1; 0 for NaN.
    var clampedToUnit: Double { self > 0 ? Swift.min(self, 1) : 0 }
}
