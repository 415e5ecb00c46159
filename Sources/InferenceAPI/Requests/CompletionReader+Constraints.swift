import Generation
import JSON

extension CompletionReader {
    /// Changes to the logits.
    mutating func readConstraints(maximumTokens: Int) throws(APIError) -> LogitsConstraints {
        var constraints = LogitsConstraints()
        guard endpoint != .route else { return constraints }
        constraints.bias = try readBias()
        constraints.repetitionPenalty = try reader.number("repetition_penalty", .above(0, to: 100)) ?? 1
        constraints.frequencyPenalty = try reader.number("frequency_penalty", .from(-2, to: 2)) ?? 0
        constraints.presencePenalty = try reader.number("presence_penalty", .from(-2, to: 2)) ?? 0
        constraints.noRepeatNgramSize = try reader.integer("no_repeat_ngram_size", in: 0...65_536) ?? 0
        constraints.minimumTokens = try reader.integer("min_tokens", in: 0...max(maximumTokens, 0)) ?? 0
        return constraints
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

    /// When a continuation ends; also tells the output which text to cut.
    mutating func readStop(
        maximumTokens: Int,
        infilling: Bool,
        into output: inout OutputOptions
    ) throws(APIError) -> StopCondition {
        var stop = StopCondition(maximumTokens: maximumTokens, endTokens: Set(model.endTokens))
        guard endpoint != .route else { return stop }
        stop.ignoresEndTokens = try reader.flag("ignore_eos") ?? false
        output.includesStop = try reader.flag("include_stop_str_in_output") ?? false
        output.stops = try readStopStrings()
        stop.stopTokens = try readStopTokens()
        if infilling {
            let end = try sentinel("<extra_id_1>")
            if stop.stopTokens.insert(end).inserted { output.infillEnd = end }
        }
        output.stopTokens = stop.stopTokens
        if let tokenizer = model.tokenizer {
            stop.stopsText = StopText.predicate(
                output.stops,
                tokenizer: tokenizer,
                skippingSpecialTokens: output.skipsSpecialTokens,
                continuesText: model.architecture == .languageModel
            )
        }
        return stop
    }

    private mutating func readStopTokens() throws(APIError) -> Set<Int32> {
        guard let value = reader.value("stop_token_ids") else { return [] }
        guard case .array(let ids) = value else { throw .wrongType("stop_token_ids", "an array of token ids", value) }
        return Set(try readTokens(ids, named: "stop_token_ids"))
    }

    private mutating func readStopStrings() throws(APIError) -> [String] {
        guard let value = reader.value("stop") else { return [] }
        let items: [JSONValue] = if case .array(let items) = value { items } else { [value] }
        guard items.count <= configuration.maximumStopStrings else {
            throw .invalid(
                parameter: "stop",
                "'stop' has \(items.count) strings, but at most \(configuration.maximumStopStrings) are allowed."
            )
        }
        var stops: [String] = []
        for item in items {
            guard case .string(let text) = item else {
                throw .wrongType("stop", "a string or an array of strings", item)
            }
            guard (1...configuration.maximumStopBytes).contains(text.utf8.count) else {
                throw .invalid(
                    parameter: "stop",
                    "'stop' strings must have 1 to \(configuration.maximumStopBytes) bytes, but one has \(text.utf8.count)."
                )
            }
            stops.append(text)
        }
        if !stops.isEmpty { _ = try tokenizer(for: "stop") }
        return stops
    }
}
