import Batching
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Tokenization

/// Reads the bytes as the body of each endpoint that asks something of the engine, as far as the request for it.
///
/// What is accepted keeps every limit, can be searched with, and what is found can be written. Which model and limits
/// it is read for depends on how many bytes there are.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let setting = Setting.all[count % Setting.all.count]
    let form = try? FormBody.members(bytes, text: ["q", "text", "target", "target_lang", "source", "format"])
    if let form {
        read(form, as: LibreTranslateRequest.self, setting)
        read(form, as: DeepLRequest.self, setting)
    }
    guard let members = try? JSONBody.object(bytes) else { return 0 }
    read(members, as: EmbeddingsRequest.self, setting)
    read(members, as: EmbedRequest.self, setting)
    // An encoder alone is asked for nothing else.
    guard setting.backend.model.architecture != .encoder else { return 0 }
    read(members, as: CompletionRequest.self, setting)
    read(members, as: BeamSearchRequest.self, setting)
    read(members, as: RouteRequest.self, setting)
    read(members, as: ChatRequest.self, setting)
    read(members, as: ResponsesRequest.self, setting)
    read(members, as: TextGenerationRequest.self, setting)
    read(members, as: TextStreamRequest.self, setting)
    read(members, as: PipelineRequest.self, setting)
    read(members, as: LibreTranslateRequest.self, setting)
    read(members, as: DeepLRequest.self, setting)
    read(members, as: GenerativeScoresRequest.self, setting)
    read(members, as: RerankRequest.self, setting)
    return 0
}

private func read<Dialect: GenerationDialect>(
    _ members: JSONObject,
    as dialect: Dialect.Type,
    _ setting: Setting
) {
    let dialectSetting = DialectSetting(
        model: setting.backend.model,
        configuration: setting.configuration,
        maximumInputTokens: setting.backend.engine.limits.maximumInputTokens
    )
    do throws(APIError) {
        let asked = try Dialect(members, dialectSetting)
        var reader = CompletionReader(asked.plain, for: Dialect.endpoint, setting.backend, setting.configuration)
        let parameters = try reader.parameters()
        let allowed = prompts(of: Dialect.self, setting.configuration)
        precondition(allowed.contains(parameters.prompts.count), "\(parameters.prompts.count) prompts")
        check(parameters, of: reader, setting.configuration)
        let notes = reader.notes
        precondition(notes.clamped.allSatisfy { $0.value == reader.limits.maximumOutputTokens })
        _ = IgnoredMembers(notes.unknownNames)?.text
    } catch {
        // A client sees this text.
        precondition(!error.response.fields.isEmpty)
        precondition((400..<500).contains(error.response.status.code), "\(error)")
    }
}

/// How many prompts a request may come to.
private func prompts<Dialect: GenerationDialect>(
    of dialect: Dialect.Type,
    _ configuration: APIConfiguration
) -> ClosedRange<Int> {
    if dialect is any TranslationDialect.Type { return 0...configuration.maximumSentences }
    if dialect == RerankRequest.self { return 1...configuration.maximumDocuments }
    switch Dialect.endpoint {
    case .completions: return 1...configuration.maximumPrompts
    case .beamSearch, .route: return 1...1
    case .embeddings: return 1...configuration.maximumEmbeddings
    case .scores: return 1...configuration.maximumScoredItems
    }
}

private func check(_ parameters: CompletionParameters, of reader: CompletionReader, _ configuration: APIConfiguration) {
    precondition((1...configuration.maximumChoices).contains(parameters.choices))
    precondition(parameters.timeout > .zero && parameters.timeout <= configuration.requestTimeout)
    precondition(parameters.output.stops.count <= configuration.maximumStopStrings)
    precondition(parameters.output.stops.allSatisfy { $0.utf8.count <= configuration.maximumStopBytes })
    precondition(parameters.promptsAtOnce.map { $0 > 0 } ?? true)
    let ids = 0..<Int32(reader.model.vocabularySize)
    for prompt in parameters.prompts {
        let request = parameters.request(for: prompt)
        precondition(!request.prompt.isEmpty && request.prompt.allSatisfy(ids.contains))
        precondition(request.decoderPrompt.allSatisfy(ids.contains))
        if !parameters.output.scoresPrompt {
            precondition(request.decoderPrompt.count <= reader.limits.maximumOutputTokens)
        }
        precondition((0...configuration.maximumChatLogprobs).contains(request.topLogprobs ?? 0))
        switch request.strategy {
        case .sample, .beam: precondition(request.rows >= 1)
        case .embedding: check(parameters, configuration)
        case .scoring(let scored): check(scored, ids, reader, configuration)
        }
        _ = reader.model.tokenizer?.decode(request.prompt, skippingSpecialTokens: true)
    }
    if let prompt = parameters.prompts.first, var search = Search(parameters, prompt, reader) { search.run() }
}

/// Of embeddings: what one answer may be made of, and what of it is with the engine at once.
private func check(_ parameters: CompletionParameters, _ configuration: APIConfiguration) {
    precondition(parameters.promptTokens <= configuration.maximumEmbeddingTokens)
    precondition((1...configuration.maximumEmbeddingBytes).contains(parameters.answerBytes))
    let atOnce = parameters.promptsAtOnce ?? .max
    let longest = parameters.prompts.map(\.tokens.count).max() ?? 0
    precondition(atOnce <= configuration.embeddingsAtOnce)
    precondition(atOnce == 1 || atOnce * longest <= configuration.embeddingTokensAtOnce)
}

private func check(
    _ scored: ScoredTokens,
    _ ids: Range<Int32>,
    _ reader: CompletionReader,
    _ configuration: APIConfiguration
) {
    precondition(!scored.labels.isEmpty || !scored.continuations.isEmpty)
    precondition(scored.labels.count <= configuration.maximumLabels)
    precondition(Set(scored.labels).count == scored.labels.count && scored.labels.allSatisfy(ids.contains))
    precondition(scored.continuations.count <= configuration.maximumContinuations)
    for continuation in scored.continuations {
        precondition((1...reader.limits.maximumOutputTokens).contains(continuation.count))
        precondition(continuation.allSatisfy(ids.contains))
    }
}
