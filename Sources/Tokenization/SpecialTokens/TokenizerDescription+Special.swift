extension TokenizerDescription {
    /// Leaves out the sentinels at the vocabulary's end for which the model has no embedding.
    ///
    /// transformers writes a hundred of them whether or not the model has room for them.
    /// - Parameter declared: added tokens of other files, which lose them too.
    mutating func dropSentinels(beyond modelVocabularySize: Int, _ declared: inout [AddedToken]) {
        var dropped: Set<String> = []
        while model.vocab.count > modelVocabularySize, let last = model.vocab.last, AddedToken.isSentinel(last.piece) {
            dropped.insert(last.piece)
            model.vocab.removeLast()
        }
        added_tokens?.removeAll { dropped.contains($0.content) }
        declared.removeAll { dropped.contains($0.content) }
    }

    /// Makes pieces special, as transformers does when T5's tokenizer reads the file: sentinels and those of `names`.
    mutating func makeSpecial(_ names: [String]) {
        let names = Set(names)
        var places: [String: Int] = [:]
        for (place, token) in (added_tokens ?? []).enumerated() { places[token.content] = place }
        for piece in model.vocab.lazy.map(\.piece) where names.contains(piece) || AddedToken.isSentinel(piece) {
            if let place = places[piece] {
                added_tokens?[place].isSpecial = true
            } else {
                added_tokens = (added_tokens ?? []) + [AddedToken(content: piece)]
            }
        }
    }
}
