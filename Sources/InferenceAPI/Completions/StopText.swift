import Tokenization

/// Tells the engine when generated tokens spell a stop string.
///
/// Runs on the engine thread.
enum StopText {
    /// Looks at the last tokens only: as many as the longest stop string has bytes, and some that may decode to nothing.
    static func predicate(
        _ stops: [String],
        tokenizer: any Tokenizer,
        skippingSpecialTokens: Bool,
        continuesText: Bool
    ) -> (@Sendable ([Int32]) -> Bool)? {
        guard let longest = stops.map(\.utf8.count).max() else { return nil }
        let stopBytes = stops.map { Array($0.utf8) }
        return { tokens in
            let tail = Array(tokens.suffix(longest + 8))
            let text = tokenizer.decode(
                tail,
                skippingSpecialTokens: skippingSpecialTokens,
                continuesText: continuesText
            )
            let bytes = Array(text.utf8)
            return stopBytes.contains { bytes.contains(run: $0) }
        }
    }
}

extension [UInt8] {
    /// Whether `run` appears somewhere, byte for byte; not for an empty `run`.
    fileprivate func contains(run: [UInt8]) -> Bool {
        guard count >= run.count else { return false }
        return (0...(count - run.count)).contains { start in
            self[start] == run[0] && self[start..<(start + run.count)].elementsEqual(run)
        }
    }
}
