import Generation
import Telemetry

/// What requests tell the access log and the trace; spans have OpenTelemetry's names where it has some.
extension TraceAttribute.Key {
    static let completionID = Self(log: "completion_id", span: "gen_ai.response.id")
    static let operation = Self(span: "gen_ai.operation.name")
    static let provider = Self(span: "gen_ai.provider.name")
    static let model = Self(span: "gen_ai.request.model")
    static let promptTokens = Self(log: "prompt_tokens", span: "gen_ai.usage.input_tokens")
    static let completionTokens = Self(log: "completion_tokens", span: "gen_ai.usage.output_tokens")
    static let prompts = Self(log: "prompts", span: "switchyard.request.prompts")
    static let choices = Self(log: "n", span: "gen_ai.request.choice.count")
    static let beams = Self(log: "num_beams", span: "switchyard.request.num_beams")
    static let maximumTokens = Self(log: "max_tokens", span: "gen_ai.request.max_tokens")
    static let stream = Self(log: "stream", span: "switchyard.request.stream")
    static let finishReason = Self(log: "finish_reason", span: "gen_ai.response.finish_reasons")
    /// Milliseconds from the end of the request's head to the first token.
    static let firstToken = Self(log: "first_token_ms", span: "switchyard.first_token_ms")
    /// Whose API key it was, by the name the operator gave it; never the key.
    static let keyName = Self(log: "key_name", span: "switchyard.key_name")
    /// The `code` of an error answered.
    static let error = Self(log: "error", span: "error.type")
}

extension RequestTrace {
    /// Notes what a request asks for.
    func note(
        _ parameters: CompletionParameters,
        model: ServedModel,
        identity: AnswerIdentity,
        operation: String
    ) {
        set(.operation, .string(operation))
        set(.provider, .string("switchyard"))
        set(.model, .string(model.id))
        set(.completionID, .string(identity.id))
        set(.stream, .flag(parameters.delivery != .whole))
        set(.prompts, .integer(parameters.prompts.count))
        set(.promptTokens, .integer(parameters.promptTokens))
        set(.maximumTokens, .integer(parameters.template.stop.maximumTokens))
        set(.choices, .integer(parameters.choices))
        if case .beam = parameters.template.strategy {
            set(.beams, .integer(parameters.template.rows))
        } else {
            set(.beams, .integer(1))
        }
    }
}
