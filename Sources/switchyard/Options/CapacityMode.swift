import ArgumentParser
import SwitchModel

/// What becomes of a token that finds its expert full: the three behaviours released versions of transformers have had.
enum CapacityMode: String, ExpressibleByArgument, CaseIterable {
    /// Nothing is added to it (4.52 to 4.57, and from 5.18 on).
    case residual
    /// Its normalised input, scaled by the gate, is added (up to 4.51).
    case passthrough
    /// No expert is ever full (5.0 to 5.17).
    case none

    /// Has the model do with dropped tokens what this version did.
    func apply(to configuration: inout SwitchConfiguration) {
        switch self {
        case .residual: configuration.droppedTokens = .zero
        case .passthrough: configuration.droppedTokens = .gatedInput
        case .none: configuration.expertCapacity = Int(Int32.max)
        }
    }
}
