extension LogitsConstraints {
    /// Why no output can satisfy all of this, nil when one may.
    ///
    /// Finds what is certain from the constraints alone; what only shows on the way ends a request with `.nothingAllowed`.
    package func contradiction(vocabularySize: Int) -> String? {
        let forbidden = Set(suppressedTokens).union(badWords.filter { $0.count == 1 }.map { $0[0] })
        let allowed = allowedTokens.map(Set.init)
        if let allowed, allowed.subtracting(forbidden).isEmpty { return "every token that is allowed is suppressed" }
        if forbidden.count >= vocabularySize { return "every token is suppressed" }
        if let forcedFirstToken, suppressedTokens.contains(forcedFirstToken) {
            return "the token \(forcedFirstToken) is forced at the start and suppressed"
        }
        if !forcedLastTokens.isEmpty, forcedLastTokens.allSatisfy(Set(suppressedTokens).contains) {
            return "the token \(forcedLastTokens[0]) is forced at the end and suppressed"
        }
        if let allowed, let forcedFirstToken, !allowed.contains(forcedFirstToken) {
            return "the token \(forcedFirstToken) is forced at the start and not allowed"
        }
        return nil
    }
}
