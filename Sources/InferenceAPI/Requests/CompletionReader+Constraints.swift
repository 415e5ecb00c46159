import Generation
import JSON

extension CompletionReader {
    /// Changes to the scores: the model's, but for those that the request names.
    mutating func readConstraints(maximumTokens: Int) throws(APIError) -> LogitsConstraints {
        guard endpoint != .route else { return model.generation.constraints }
        var constraints = model.generation.constraints
        constraints.bias = try readBias()
        try readPenalties(into: &constraints)
        try readLengths(maximumTokens: maximumTokens, into: &constraints)
        try readTokenRules(into: &constraints)
        constraints.renormalizes = try reader.flag("renormalize_logits") ?? constraints.renormalizes
        if let reason = constraints.contradiction(vocabularySize: model.vocabularySize) {
            throw .contradiction(reason)
        }
        return constraints
    }

    private mutating func readPenalties(into constraints: inout LogitsConstraints) throws(APIError) {
        let penalties = NumberBounds.above(0, to: 100)
        if let penalty = try reader.number("repetition_penalty", penalties) { constraints.repetitionPenalty = penalty }
        if let penalty = try reader.number("encoder_repetition_penalty", penalties) {
            constraints.encoderRepetitionPenalty = penalty
        }
        constraints.frequencyPenalty = try reader.number("frequency_penalty", .from(-2, to: 2)) ?? 0
        constraints.presencePenalty = try reader.number("presence_penalty", .from(-2, to: 2)) ?? 0
        if let size = try reader.integer("no_repeat_ngram_size", in: 0...65_536) {
            constraints.noRepeatNgramSize = size
        }
        if let size = try reader.integer("encoder_no_repeat_ngram_size", in: 0...65_536) {
            constraints.encoderNoRepeatNgramSize = size
        }
    }

    private mutating func readLengths(maximumTokens: Int, into constraints: inout LogitsConstraints) throws(APIError) {
        if let length = try reader.integer("min_length", in: 0...Int(Int32.max)) { constraints.minimumLength = length }
        let tokens = 0...max(maximumTokens, 0)
        let minimum = try reader.integer("min_tokens", in: tokens)
        if let minimum = try reader.integer("min_new_tokens", in: tokens) ?? minimum {
            constraints.minimumTokens = minimum
        }
        if let decay = try readLengthDecay() { constraints.lengthDecay = decay }
    }

    private mutating func readTokenRules(into constraints: inout LogitsConstraints) throws(APIError) {
        if let words = try readBadWords() { constraints.badWords = words }
        if let sequences = try readSequenceBias() { constraints.sequenceBias = sequences }
        if let tokens = try readTokenList("suppress_tokens") { constraints.suppressedTokens = tokens }
        if let tokens = try readTokenList("begin_suppress_tokens") { constraints.suppressedFirstTokens = tokens }
        if let tokens = try readTokenList("forced_eos_token_id") { constraints.forcedLastTokens = tokens }
        if let value = reader.value("forced_bos_token_id") {
            constraints.forcedFirstToken = try readTokens([value], named: "forced_bos_token_id")[0]
        }
        if let tokens = try readTokenList("allowed_token_ids") {
            guard !tokens.isEmpty else {
                throw .invalid(parameter: "allowed_token_ids", "'allowed_token_ids' must not be empty.")
            }
            constraints.allowedTokens = tokens
        }
    }

    private mutating func readBias() throws(APIError) -> [Int32: Float] {
        var bias: [Int32: Float] = [:]
        for (key, value) in try reader.object("logit_bias") ?? [:] {
            guard let id = Int32(key), id >= 0, Int(id) < model.vocabularySize else {
                throw .invalid(
                    parameter: "logit_bias",
                    "'logit_bias' has the key '\(key.excerpt)', which is not a token id below \(model.vocabularySize)."
                )
            }
            bias[id] = try ParameterReader.number(value, .from(-100, to: 100), named: "logit_bias")
        }
        return bias
    }
}
