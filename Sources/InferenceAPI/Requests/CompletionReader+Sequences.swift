import Generation
import JSON
import Tokenization

/// Members that hold several tokens, or runs of them.
extension CompletionReader {
    /// `bad_words_ids` as transformers has it, and vLLM's `bad_words` as text; nil where neither is given.
    mutating func readBadWords() throws(APIError) -> [[Int32]]? {
        let ids = try readSequences("bad_words_ids")
        guard let value = reader.value("bad_words") else { return ids }
        guard case .array(let words) = value else { throw .wrongType("bad_words", "an array of strings", value) }
        try checkCount(words.count, named: "bad_words")
        var sequences = ids ?? []
        for word in words {
            guard case .string(let text) = word else { throw .wrongType("bad_words", "an array of strings", word) }
            sequences += try tokens(ofWord: text)
        }
        return sequences
    }

    /// The tokens of a word at the beginning of a text and, where they differ in the first alone, after a space.
    private func tokens(ofWord word: String) throws(APIError) -> [[Int32]] {
        let tokenizer = try tokenizer(for: "bad_words")
        guard (1...configuration.maximumStopBytes).contains(word.utf8.count) else {
            throw .invalid(
                parameter: "bad_words",
                "'bad_words' must have 1 to \(configuration.maximumStopBytes) bytes each, but one has \(word.utf8.count)."
            )
        }
        let bare = tokenizer.encode(String(word.drop { $0 == " " }))
        let spaced = tokenizer.encode(" " + word.drop { $0 == " " })
        guard !bare.isEmpty else { return [] }
        return spaced.count == bare.count && spaced[0] != bare[0] ? [bare, spaced] : [bare]
    }

    mutating func readSequenceBias() throws(APIError) -> [LogitsConstraints.BiasedSequence]? {
        guard let value = reader.value("sequence_bias") else { return nil }
        let expected = "an array of pairs of token ids and a number"
        guard case .array(let pairs) = value else { throw .wrongType("sequence_bias", expected, value) }
        try checkCount(pairs.count, named: "sequence_bias")
        var sequences: [LogitsConstraints.BiasedSequence] = []
        for pair in pairs {
            guard case .array(let parts) = pair, parts.count == 2 else {
                throw .wrongType("sequence_bias", expected, pair)
            }
            let bias = try ParameterReader.number(parts[1], .from(-1e6, to: 1e6), named: "sequence_bias")
            sequences.append(.init(tokens: try readSequence(parts[0], named: "sequence_bias"), bias: bias))
        }
        return sequences
    }

    mutating func readLengthDecay() throws(APIError) -> LogitsConstraints.LengthDecay? {
        let name = "exponential_decay_length_penalty"
        guard let value = reader.value(name) else { return nil }
        guard case .array(let pair) = value, pair.count == 2 else {
            throw .wrongType(name, "an array of a number of tokens and a factor", value)
        }
        return LogitsConstraints.LengthDecay(
            start: try ParameterReader.integer(pair[0], in: 0...Int(Int32.max), named: name),
            factor: Double(try ParameterReader.number(pair[1], .above(0, to: 100), named: name))
        )
    }

    /// One id or an array of them; nil where it is not given.
    mutating func readTokenList(_ name: String) throws(APIError) -> [Int32]? {
        guard let value = reader.value(name) else { return nil }
        guard case .array(let ids) = value else { return try readTokens([value], named: name) }
        return try readTokens(ids, named: name)
    }

    private mutating func readSequences(_ name: String) throws(APIError) -> [[Int32]]? {
        guard let value = reader.value(name) else { return nil }
        guard case .array(let lists) = value else { throw .wrongType(name, "an array of arrays of token ids", value) }
        try checkCount(lists.count, named: name)
        var sequences: [[Int32]] = []
        for list in lists { sequences.append(try readSequence(list, named: name)) }
        return sequences
    }

    private func readSequence(_ value: JSONValue, named name: String) throws(APIError) -> [Int32] {
        guard case .array(let ids) = value, !ids.isEmpty else {
            throw .wrongType(name, "arrays of token ids, none of them empty", value)
        }
        return try readTokens(ids, named: name)
    }

    /// Every run is looked for after every token, so their number has a limit.
    private func checkCount(_ count: Int, named name: String) throws(APIError) {
        guard count > configuration.maximumSequences else { return }
        throw .invalid(
            parameter: name,
            "'\(name)' has \(count) entries, but at most \(configuration.maximumSequences) are allowed."
        )
    }
}
