import HTTPServing
import JSON

/// `POST /embed`, as text-embeddings-inference has it, and `POST /` of an encoder alone: rows of numbers.
struct EmbedEndpoint: Sendable {
    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let (asked, run) = try await context.startRun(request, as: EmbedRequest.self)
        let share = try context.embeddingMemory.take(run.parameters.answerBytes)
        let rows = try await run.embeddings().map {
            asked.normalizes ? EmbeddingVector($0).normalized.elements : $0
        }
        return .json(rows, holding: share)
    }
}

/// The body of `POST /embed`.
struct EmbedRequest: GenerationDialect {
    static let idPrefix = "embd-"
    static let operation = "embeddings"
    static let endpoint = CompletionReader.Endpoint.embeddings

    let plain: PlainRequest
    let normalizes: Bool

    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError) {
        try setting.checkEncoder()
        var reader = ParameterReader(members)
        for name in ["dimensions", "prompt_name"] where reader.value(name) != nil {
            throw .invalid(parameter: name, "'\(name)' is not supported.")
        }
        normalizes = try reader.flag("normalize") ?? true
        let isCut = try reader.flag("truncate") ?? false
        let direction = try reader.text("truncation_direction")?.lowercased() ?? "right"
        guard ["left", "right"].contains(direction) else {
            throw .invalid(
                parameter: "truncation_direction",
                "'truncation_direction' must be \"left\" or \"right\", but it is \"\(direction.excerpt)\"."
            )
        }
        guard reader.peek("inputs") ?? .null != .null else {
            throw .invalid(parameter: "inputs", "'inputs' is required.")
        }
        var plain = PlainRequest(unreadBy: reader)
        plain.drop(["prompt", "truncate_prompt_tokens"])
        plain.rename("inputs", to: "prompt")
        if isCut { plain.keptPart = direction == "right" ? .start : .end }
        self.plain = plain
    }
}
