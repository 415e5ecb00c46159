/// What one key may ask for; nil is without limit.
package struct KeyLimits: Equatable, Sendable {
    /// Generation requests at the same time.
    package var requests: Int?
    /// Prompt and generated tokens.
    package var tokensPerMinute: Int?

    package init(requests: Int? = nil, tokensPerMinute: Int? = nil) {
        self.requests = requests
        self.tokensPerMinute = tokensPerMinute
    }

    static func isSetting(_ word: Substring) -> Bool {
        word.hasPrefix("requests=") || word.hasPrefix("tokens-per-minute=")
    }

    /// - Returns: false when the word is not a limit of at least one.
    mutating func set(_ word: Substring) -> Bool {
        let parts = word.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let value = Int(parts[1]), value > 0 else { return false }
        switch parts[0] {
        case "requests": requests = value
        case "tokens-per-minute": tokensPerMinute = value
        default: return false
        }
        return true
    }
}

/// The limit of its key that a request met.
package enum KeyLimit: Equatable, Sendable {
    case requests(limit: Int)
    case tokensPerMinute(limit: Int)

    var message: String {
        switch self {
        case .requests(let limit): "The key may have \(limit) requests running at once, and has."
        case .tokensPerMinute(let limit): "The key may use \(limit) tokens a minute, and has used them."
        }
    }
}
