/// Parameters that belong together, as whoever freezes some of them names them.
package enum ParameterGroup: String, CaseIterable, Sendable, Codable {
    /// What tokens are looked up in, a head that is one with it included.
    case embeddings
    /// A head of its own.
    case head
    case encoder
    case decoder
    /// All four products, and the biases by distance.
    case attention
    /// The products of dense feed-forward layers.
    case feedForward = "feed-forward"
    /// The products of experts.
    case experts
    case routers
    /// Scales of normalizations.
    case norms

    func contains(_ name: String, _ role: Parameter.Role, isExpert: Bool) -> Bool {
        let isInBlock = name.contains(".block.")
        switch self {
        case .embeddings: return role == .embedding
        case .head: return role == .head
        // Tables of tokens are not the stack's, whatever they are called.
        case .encoder: return name.hasPrefix("encoder.") && role != .embedding
        case .decoder: return name.hasPrefix("decoder.") && role != .embedding
        case .attention: return isInBlock && name.contains("Attention.") && role != .norm
        case .feedForward: return role == .matrix && !isExpert && !name.contains("Attention.")
        case .experts: return isExpert
        case .routers: return role == .router
        case .norms: return role == .norm
        }
    }
}
