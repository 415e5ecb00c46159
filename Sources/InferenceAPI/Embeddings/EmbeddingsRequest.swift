import Generation
import JSON

/// The body of `POST /v1/embeddings`.
struct EmbeddingsRequest: GenerationDialect {
    enum Format: String {
        case float
        case base64
    }

    static let idPrefix = "embd-"
    static let operation = "embeddings"
    static let endpoint = CompletionReader.Endpoint.embeddings

    let plain: PlainRequest
    let format: Format
    let normalizes: Bool

    init(_ members: [String: JSONValue], _ setting: DialectSetting) throws(APIError) {
        guard setting.model.architecture == .encoderDecoder else {
            throw .invalid(
                parameter: "model",
                "'model' must have an encoder to give embeddings, but \(setting.model.id) is a language model."
            )
        }
        var reader = ParameterReader(members)
        if reader.value("dimensions") != nil {
            throw .invalid(
                parameter: "dimensions",
                "'dimensions' is not supported: embeddings are as long as the model makes them."
            )
        }
        format = try Self.format(&reader)
        normalizes = try reader.flag("normalize") ?? setting.model.normalizesEmbeddings
        if reader.peek("input") ?? .null == .null { throw .invalid(parameter: "input", "'input' is required.") }
        var plain = PlainRequest(unreadBy: reader)
        plain.drop(["prompt"])
        plain.rename("input", to: "prompt")
        self.plain = plain
    }

    private static func format(_ reader: inout ParameterReader) throws(APIError) -> Format {
        guard let name = try reader.text("encoding_format") else { return .float }
        guard let format = Format(rawValue: name) else {
            throw .invalid(
                parameter: "encoding_format",
                "'encoding_format' must be \"float\" or \"base64\", but it is \"\(name.excerpt)\"."
            )
        }
        return format
    }
}

extension CompletionReader {
    /// What is asked of an encoder alone.
    mutating func embeddingParameters(
        _ prompts: [CompletionParameters.Prompt]
    ) throws(APIError) -> CompletionParameters {
        CompletionParameters(
            prompts: prompts,
            template: GenerationRequest(embedding: []),
            choices: 1,
            output: OutputOptions(),
            rowsParameter: "prompt",
            timeout: try readTimeout()
        )
    }
}
