/// Why experts cannot be left out of a model.
package enum PruningError: Error, Equatable, Sendable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    case noExperts
    /// The profile is of another model.
    case missingLayer(stack: String, block: Int)
    case otherExperts(stack: String, block: Int, found: Int, expected: Int)
    /// Nobody has used the layer: there is nothing to go by.
    case unusedLayer(stack: String, block: Int)

    package var description: String {
        switch self {
        case .unreadable(let file, let reason): "the profile \(file) cannot be used: \(reason)"
        case .noExperts: "the model has no experts to leave out"
        case .missingLayer(let stack, let block):
            "the profile is of another model: it says nothing of block \(block) of the \(stack)"
        case .otherExperts(let stack, let block, let found, let expected):
            "the profile is of another model: block \(block) of the \(stack) has \(found) experts there, and \(expected) here"
        case .unusedLayer(let stack, let block):
            "the profile has no tokens for block \(block) of the \(stack): let the model read some text first"
        }
    }
}
