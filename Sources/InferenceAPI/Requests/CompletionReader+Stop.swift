import Generation
import JSON

extension CompletionReader {
    /// When a continuation ends; also tells the output which text to cut.
    mutating func readStop(
        maximumTokens: Int,
        infilling: Bool,
        into output: inout OutputOptions
    ) throws(APIError) -> StopCondition {
        var stop = StopCondition(maximumTokens: maximumTokens, endTokens: model.endTokens)
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
