import Generation
import JSON
import SwitchModel

/// The body of `POST /v1/embeddings`.
struct EmbeddingsRequest: GenerationDialect {
    enum Format: String {
        case float
        case base64
        /// The states of all tokens, and not their mean.
        case safetensors
    }

    static let idPrefix = "embd-"
    static let operation = "embeddings"
    static let endpoint = CompletionReader.Endpoint.embeddings

    let plain: PlainRequest
    let format: Format
    let normalizes: Bool

    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError) {
        try setting.checkEncoder()
        var reader = ParameterReader(members)
        if reader.value("dimensions") != nil {
            throw .invalid(
                parameter: "dimensions",
                "'dimensions' is not supported: embeddings are as long as the model makes them."
            )
        }
        format = try Self.format(&reader)
        let asked = try reader.flag("normalize")
        normalizes = asked ?? setting.model.embeddings.normalizes
        if format == .safetensors, asked == true {
            throw .invalid(
                parameter: "normalize",
                "'normalize' must be false with \"safetensors\": the states of tokens are given as they are."
            )
        }
        if reader.peek("input") ?? .null == .null { throw .invalid(parameter: "input", "'input' is required.") }
        var plain = PlainRequest(unreadBy: reader)
        plain.drop(["prompt"])
        plain.rename("input", to: "prompt")
        plain.embedding = format == .safetensors ? .tokens : .sentence
        self.plain = plain
    }

    private static func format(_ reader: inout ParameterReader) throws(APIError) -> Format {
        guard let name = try reader.text("encoding_format") else { return .float }
        guard let format = Format(rawValue: name) else {
            throw .invalid(
                parameter: "encoding_format",
                "'encoding_format' must be \"float\", \"base64\" or \"safetensors\", but it is \"\(name.excerpt)\"."
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
        var parameters = CompletionParameters(
            prompts: prompts,
            template: GenerationRequest(embedding: [], as: embedding),
            choices: 1,
            output: OutputOptions(),
            rowsParameter: "prompt",
            timeout: try readTimeout()
        )
        let longest = prompts.map(\.tokens.count).max() ?? 1
        let most = max(configuration.embeddingTokensAtOnce / max(longest, 1), 1)
        parameters.promptsAtOnce = min(configuration.embeddingsAtOnce, most)
        parameters.answerBytes = answerBytes(parameters)
        try check(parameters)
        return parameters
    }

    /// Bytes that the answer takes at most, as numbers and as text.
    private func answerBytes(_ parameters: CompletionParameters) -> Int {
        switch embedding {
        case .tokens: parameters.promptTokens * model.embeddings.stateWidth * 8
        case .sentence: parameters.prompts.count * model.embeddings.length * 24
        }
    }

    private func check(_ parameters: CompletionParameters) throws(APIError) {
        let tokens = parameters.promptTokens
        guard tokens <= configuration.maximumEmbeddingTokens else {
            throw .invalid(
                parameter: "prompt",
                "'prompt' comes to \(tokens) tokens, but at most \(configuration.maximumEmbeddingTokens) are allowed."
            )
        }
        guard parameters.answerBytes <= configuration.maximumEmbeddingBytes else {
            throw .invalid(
                parameter: "prompt",
                "'prompt' comes to an answer of \(parameters.answerBytes) bytes in memory, but at most "
                    + "\(configuration.maximumEmbeddingBytes) are allowed."
            )
        }
    }
}

extension DialectSetting {
    /// - Throws: for a model that has no encoder.
    func checkEncoder() throws(APIError) {
        guard model.architecture == .languageModel else { return }
        throw .invalid(
            parameter: "model",
            "'model' must have an encoder to give embeddings, but \(model.id) is a language model."
        )
    }
}
