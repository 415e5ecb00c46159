import JSON

/// The body of `POST /v1/generative-scores`, vLLM's and what this server has beside it.
struct GenerativeScoresRequest: GenerationDialect {
    static let idPrefix = "generative-score-"
    static let operation = "generative_scores"
    static let endpoint = CompletionReader.Endpoint.scores

    let plain: PlainRequest
    let appliesSoftmax: Bool

    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError) {
        var reader = ParameterReader(members)
        appliesSoftmax = try reader.flag("apply_softmax") ?? true
        let items = try Self.items(&reader, most: setting.configuration.maximumScoredItems)
        // What vLLM's requests have beside it; requests are taken in the order in which they come.
        _ = reader.value("priority")
        _ = reader.value("request_id")
        var plain = PlainRequest(unreadBy: reader)
        plain.drop(["prompt"])
        plain.set("prompt", to: .array(items), from: "items")
        plain.promptsAtOnce = setting.configuration.scoredPromptsAtOnce
        self.plain = plain
    }

    /// The items; one that is empty where there are none and continuations of the query alone are asked about.
    private static func items(_ reader: inout ParameterReader, most: Int) throws(APIError) -> [JSONValue] {
        guard let value = reader.value("items") else {
            if reader.peek("continuations") ?? .null != .null { return [.array([])] }
            throw .invalid(
                parameter: "items",
                "'items' is required, unless there are 'continuations' to score."
            )
        }
        guard case .array(let items) = value else {
            throw .wrongType("items", "an array of texts or of arrays of token ids", value)
        }
        guard (1...most).contains(items.count) else {
            throw .invalid(
                parameter: "items",
                "'items' must have 1 to \(most) elements, but it has \(items.count)."
            )
        }
        return items
    }
}
