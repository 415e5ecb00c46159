import Batching
import Generation
import Tokenization

/// A model, the server's limits, and what is configured: what a request is read for.
struct Setting: Sendable {
    let backend: InferenceBackend
    let configuration: APIConfiguration

    /// Each differs from the others in what requests may ask for.
    static let all = [
        Setting(.encoderDecoder, EngineLimits(), configuration()),
        Setting(.encoderDecoder, narrowLimits, narrow),
        Setting(.languageModel, narrowLimits, narrow),
        Setting(.encoder, narrowLimits, narrow),
    ]

    private init(_ architecture: ServedModel.Architecture, _ limits: EngineLimits, _ configuration: APIConfiguration) {
        let tokenizer = ToyTokenizer()
        var model = ServedModel(
            id: "m",
            architecture: architecture,
            created: 0,
            tokenizer: tokenizer,
            vocabularySize: tokenizer.vocabularySize,
            endTokens: [ToyTokenizer.end],
            systemFingerprint: "f",
            prompt: { architecture == .languageModel ? $0 : $0 + [ToyTokenizer.end] }
        )
        let languages = #"{"languages": {"en": "E", "de": "D"}, "directions": [{"source": "en", "target": "de"}]}"#
        model.translation = try? TranslationFile.directions(Array(languages.utf8))
        let judge = #"{"prompt": "{query} on {document}", "relevant_token": "▁cat", "irrelevant_token_id": 5}"#
        model.reranking = try? RerankFile.template(Array(judge.utf8), tokenizer)
        model.embeddings = EmbeddingRules(stateWidth: 4, length: 3, longestText: 12)
        precondition(model.translation != nil && model.reranking != nil)
        backend = InferenceBackend(model: model, engine: NoEngine(limits: limits))
        self.configuration = configuration
    }

    private static func configuration() -> APIConfiguration {
        var configuration = APIConfiguration()
        let file = #"{"system": "s {content}", "user": "u {content}", "end": "a"}"#
        configuration.chatPrompt = (try? ChatTemplate(Array(file.utf8), file: "")).map(ChatPrompt.template)
        return configuration
    }

    /// So little that short bodies reach every limit.
    private static let narrow: APIConfiguration = {
        var narrow = APIConfiguration()
        (narrow.maximumPrompts, narrow.maximumChoices, narrow.maximumMessages) = (3, 3, 3)
        (narrow.maximumEmbeddings, narrow.maximumEmbeddingTokens, narrow.maximumEmbeddingBytes) = (3, 30, 400)
        (narrow.embeddingsAtOnce, narrow.embeddingTokensAtOnce) = (2, 16)
        (narrow.maximumScoredItems, narrow.maximumLabels, narrow.maximumContinuations) = (3, 3, 3)
        (narrow.maximumDocuments, narrow.maximumDocumentBytes) = (3, 200)
        (narrow.maximumTexts, narrow.maximumSentences, narrow.maximumTextCharacters) = (3, 5, 300)
        (narrow.maximumStopStrings, narrow.maximumStopBytes, narrow.maximumSequences) = (2, 8, 3)
        narrow.maximumBytesPerToken = 8
        return narrow
    }()

    private static let narrowLimits: EngineLimits = {
        var limits = EngineLimits()
        (limits.maximumInputTokens, limits.maximumOutputTokens) = (24, 6)
        (limits.maximumScoredTokens, limits.maximumRows) = (8, 4)
        return limits
    }()
}

private struct NoEngine: GenerationEngine {
    let limits: EngineLimits

    func checkRoom() throws(AdmissionError) {}

    func submit(
        _ request: GenerationRequest,
        deadline: ContinuousClock.Instant?,
        as _: Admittance
    ) throws(AdmissionError) -> GenerationTicket { throw .draining }
}
