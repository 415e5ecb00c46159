extension StopCondition {
    /// Why a continuation ends with its last token, or nil when it goes on.
    ///
    /// - Parameter generated: its generated tokens, the newest last.
    func reason(after generated: [Int32]) -> FinishReason? {
        guard let last = generated.last else { return nil }
        if !ignoresEndTokens, endTokens.contains(last) { return .stop(.endToken) }
        if stopTokens.contains(last) { return .stop(.stopToken(last)) }
        if let stopsText, stopsText(generated) { return .stop(.text) }
        return generated.count >= maximumTokens ? .length : nil
    }
}
