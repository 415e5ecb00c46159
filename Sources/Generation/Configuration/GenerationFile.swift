import JSON
import SwitchModel

/// Takes the values of generation out of a configuration file, by transformers' names.
struct GenerationFile {
    /// What belongs to the model.
    static let constraintKeys: Set = [
        "forced_bos_token_id", "forced_eos_token_id", "bad_words_ids", "suppress_tokens", "begin_suppress_tokens",
        "sequence_bias", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "min_length", "min_new_tokens",
        "repetition_penalty", "encoder_repetition_penalty", "exponential_decay_length_penalty", "renormalize_logits",
        "max_new_tokens", "max_length",
    ]
    /// What a request that says nothing gets.
    static let defaultKeys: Set = [
        "num_beams", "length_penalty", "early_stopping", "do_sample", "temperature", "top_k", "top_p", "min_p",
        "typical_p",
    ]

    /// What `config.json`, and it alone, says for `forced_bos_token_id` in older checkpoints: that `bos_token_id` is it.
    static let olderForcedStart = "force_bos_token_to_be_generated"

    private static let counts = 0...Int(Int32.max)

    let reader: ConfigurationReader
    let vocabularySize: Int

    init(_ reader: ConfigurationReader, vocabularySize: Int) {
        (self.reader, self.vocabularySize) = (reader, vocabularySize)
    }

    func constraints() throws(ConfigurationError) -> LogitsConstraints {
        var constraints = LogitsConstraints()
        constraints.sequenceBias = try biasedSequences("sequence_bias")
        constraints.encoderRepetitionPenalty = try penalty("encoder_repetition_penalty")
        constraints.repetitionPenalty = try penalty("repetition_penalty")
        constraints.noRepeatNgramSize = try reader.integer("no_repeat_ngram_size", in: Self.counts) ?? 0
        constraints.encoderNoRepeatNgramSize = try reader.integer("encoder_no_repeat_ngram_size", in: Self.counts) ?? 0
        constraints.badWords = try sequences("bad_words_ids")
        constraints.minimumLength = try reader.integer("min_length", in: Self.counts) ?? 0
        constraints.minimumTokens = try reader.integer("min_new_tokens", in: Self.counts)
        constraints.forcedFirstToken = try tokens("forced_bos_token_id", asOne: true)?.first
        if reader.file == "config.json", try reader.bool(Self.olderForcedStart) == true {
            constraints.forcedFirstToken = try tokens("bos_token_id", asOne: true)?.first
        }
        constraints.forcedLastTokens = try tokens("forced_eos_token_id") ?? []
        constraints.lengthDecay = try lengthDecay("exponential_decay_length_penalty")
        constraints.suppressedTokens = try tokens("suppress_tokens") ?? []
        constraints.suppressedFirstTokens = try tokens("begin_suppress_tokens") ?? []
        constraints.renormalizes = try reader.bool("renormalize_logits") ?? false
        return constraints
    }

    func maximum() throws(ConfigurationError) -> GenerationConfiguration.Maximum? {
        let length = try reader.integer("max_length", in: 1...Int(Int32.max))
        if let count = try reader.integer("max_new_tokens", in: 1...Int(Int32.max)) { return .newTokens(count) }
        return length.map { .length($0) }
    }

    func defaults() throws(ConfigurationError) -> PickingWords {
        var defaults = PickingWords()
        defaults.beams = try reader.integer("num_beams", in: 1...Int(Int32.max))
        defaults.lengthPenalty = try number("length_penalty", in: -100...100)
        defaults.earlyStopping = try earlyStopping("early_stopping")
        defaults.draws = try reader.bool("do_sample")
        defaults.temperature = try number("temperature", in: 0...1e6)
        defaults.topK = try reader.integer("top_k", in: Self.counts)
        defaults.topP = try number("top_p", in: 0...1)
        defaults.minP = try number("min_p", in: 0...1)
        defaults.typicalP = try number("typical_p", in: 0...1)
        return defaults
    }

    private func number(_ key: String, in allowed: ClosedRange<Double>) throws(ConfigurationError) -> Float? {
        try reader.number(key, in: allowed).map { Float($0) }
    }

    private func penalty(_ key: String) throws(ConfigurationError) -> Float {
        try number(key, in: Double(Float.leastNormalMagnitude)...1e6) ?? 1
    }

    private func earlyStopping(_ key: String) throws(ConfigurationError) -> BeamParameters.EarlyStopping? {
        switch reader[key] {
        case nil: return nil
        case .bool(false): return .heuristic
        case .bool(true): return .whenFull
        case .string("never"): return .never
        case .some(let value): throw reader.wrongKind(key, "true, false or \"never\"", value)
        }
    }

    private func lengthDecay(_ key: String) throws(ConfigurationError) -> LogitsConstraints.LengthDecay? {
        guard let value = reader[key] else { return nil }
        guard case .array(let pair) = value, pair.count == 2, case .integer(let start) = pair[0], start >= 0,
            let factor = pair[1].asNumber, factor > 0, factor.isFinite
        else { throw reader.wrongKind(key, "a number of tokens and a factor above 0", value) }
        return LogitsConstraints.LengthDecay(start: start, factor: factor)
    }

    private func biasedSequences(
        _ key: String
    ) throws(ConfigurationError) -> [LogitsConstraints.BiasedSequence] {
        guard let value = reader[key] else { return [] }
        let expected = "a list of pairs of token ids and a bias"
        guard case .array(let pairs) = value else { throw reader.wrongKind(key, expected, value) }
        var sequences: [LogitsConstraints.BiasedSequence] = []
        for pair in pairs {
            guard case .array(let parts) = pair, parts.count == 2, let bias = parts[1].asNumber else {
                throw reader.wrongKind(key, expected, pair)
            }
            // No sum of them passes what a score can be.
            let allowed = -1e30...1e30
            guard allowed.contains(bias) else {
                throw .numberOutOfRange(file: reader.file, key: key, value: bias, allowed: allowed)
            }
            sequences.append(.init(tokens: try sequence(parts[0], key), bias: Float(bias)))
        }
        return sequences
    }

    private func sequences(_ key: String) throws(ConfigurationError) -> [[Int32]] {
        guard let value = reader[key] else { return [] }
        guard case .array(let lists) = value else { throw reader.wrongKind(key, "a list of lists of token ids", value) }
        var sequences: [[Int32]] = []
        for list in lists { sequences.append(try sequence(list, key)) }
        return sequences
    }

    private func sequence(_ value: JSONValue, _ key: String) throws(ConfigurationError) -> [Int32] {
        guard case .array(let elements) = value, !elements.isEmpty else {
            throw reader.wrongKind(key, "lists of token ids, none of them empty", value)
        }
        var tokens: [Int32] = []
        for element in elements { tokens.append(try token(element, key)) }
        return tokens
    }

    /// One id or several.
    private func tokens(_ key: String, asOne: Bool = false) throws(ConfigurationError) -> [Int32]? {
        guard let value = reader[key] else { return nil }
        guard case .array(let elements) = value, !asOne else { return [try token(value, key)] }
        var tokens: [Int32] = []
        for element in elements { tokens.append(try token(element, key)) }
        return tokens
    }

    private func token(_ value: JSONValue, _ key: String) throws(ConfigurationError) -> Int32 {
        guard case .integer(let token) = value else { throw reader.wrongKind(key, "token ids", value) }
        guard token >= 0, token < vocabularySize else {
            throw .tokenOutsideVocabulary(key: key, token: token, vocabularySize: vocabularySize)
        }
        return Int32(token)
    }

    /// A value as JSON, cut short where it is long.
    static func shown(_ value: JSONValue) -> String {
        let text = text(value, elements: 8)
        return text.unicodeScalars.count <= 80 ? text : String(text.unicodeScalars.prefix(79)) + "…"
    }

    private static func text(_ value: JSONValue, elements: Int) -> String {
        switch value {
        case .null: "null"
        case .bool(let bool): "\(bool)"
        case .integer(let integer): "\(integer)"
        case .real(let real): "\(real)"
        case .string(let string): "\"\(string.unicodeScalars.map { $0.value < 0x20 ? " " : String($0) }.joined())\""
        case .array(let all):
            "[" + all.prefix(elements).map { text($0, elements: elements) }.joined(separator: ", ")
                + (all.count > elements ? ", … \(all.count) in all]" : "]")
        case .object(let members): "{… \(members.count) members}"
        }
    }
}
