import Batching
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Tensors
import Tokenization

/// Reads the bytes as the body of each endpoint that generates, as far as the request for the engine.
///
/// What is accepted keeps every limit, and can be searched with.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let form = try? FormBody.members(bytes, text: ["q", "text", "target", "target_lang", "source", "format"])
    if let form {
        read(form, as: LibreTranslateRequest.self)
        read(form, as: DeepLRequest.self)
    }
    guard let members = try? JSONBody.object(bytes) else { return 0 }
    read(members, as: CompletionRequest.self)
    read(members, as: BeamSearchRequest.self)
    read(members, as: RouteRequest.self)
    read(members, as: ChatRequest.self)
    read(members, as: ResponsesRequest.self)
    read(members, as: TextGenerationRequest.self)
    read(members, as: PipelineRequest.self)
    read(members, as: LibreTranslateRequest.self)
    read(members, as: DeepLRequest.self)
    return 0
}

private func read<Dialect: GenerationDialect>(_ members: [String: JSONValue], as dialect: Dialect.Type) {
    do throws(APIError) {
        let asked = try Dialect(members, DialectSetting(model: backend.model, configuration: configuration))
        var reader = CompletionReader(asked.plain, for: Dialect.endpoint, backend, configuration)
        check(try reader.parameters(), of: reader)
        let notes = reader.notes
        precondition(notes.clamped.allSatisfy { $0.value == reader.limits.maximumOutputTokens })
        _ = IgnoredMembers(notes.unknownNames)?.text
    } catch {
        // A client sees this text.
        precondition(!error.response.fields.isEmpty)
    }
}

private struct NoEngine: GenerationEngine {
    let limits = EngineLimits()

    func checkRoom() throws(AdmissionError) {}

    func submit(
        _ request: GenerationRequest,
        deadline: ContinuousClock.Instant?
    ) throws(AdmissionError) -> GenerationTicket { throw .draining }
}

private let configuration = {
    var configuration = APIConfiguration()
    let file = #"{"system": "s {content}", "user": "u {content}", "end": "a"}"#
    configuration.chatPrompt = (try? ChatTemplate(Array(file.utf8), file: "")).map(ChatPrompt.template)
    return configuration
}()
private let tokenizer = ToyTokenizer()
private let backend = {
    var model = ServedModel(
        id: "m",
        created: 0,
        tokenizer: tokenizer,
        vocabularySize: tokenizer.vocabularySize,
        endTokens: [ToyTokenizer.end],
        systemFingerprint: "f"
    )
    let file = #"{"languages": {"en": "E", "de": "D"}, "directions": [{"source": "en", "target": "de"}]}"#
    model.translation = try? TranslationFile.directions(Array(file.utf8))
    return InferenceBackend(model: model, engine: NoEngine())
}()

private func check(_ parameters: CompletionParameters, of reader: CompletionReader) {
    let isOfSentences = parameters.promptsAtOnce != nil
    let most = isOfSentences ? configuration.maximumSentences : configuration.maximumPrompts
    precondition(((isOfSentences ? 0 : 1)...most).contains(parameters.prompts.count))
    precondition((1...configuration.maximumChoices).contains(parameters.choices))
    precondition(parameters.timeout > .zero && parameters.timeout <= configuration.requestTimeout)
    precondition(parameters.output.stops.count <= configuration.maximumStopStrings)
    precondition(parameters.output.stops.allSatisfy { $0.utf8.count <= configuration.maximumStopBytes })
    let ids = 0..<Int32(tokenizer.vocabularySize)
    for prompt in parameters.prompts {
        let request = parameters.request(for: prompt)
        precondition(!request.prompt.isEmpty && request.prompt.allSatisfy(ids.contains))
        precondition(request.decoderPrompt.allSatisfy(ids.contains))
        precondition(request.decoderPrompt.count <= reader.limits.maximumOutputTokens)
        precondition(request.rows >= 1)
        precondition((0...configuration.maximumChatLogprobs).contains(request.topLogprobs ?? 0))
        _ = reader.model.tokenizer?.decode(request.prompt, skippingSpecialTokens: true)
    }
    if let prompt = parameters.prompts.first { search(parameters.request(for: prompt)) }
}

/// A few steps of the search, on scores that depend on the tokens alone.
private func search(_ request: GenerationRequest) {
    guard request.rows <= 8, request.prompt.count <= 64 else { return }
    var request = request
    request.decoderPrompt = []
    let size = tokenizer.vocabularySize
    var search = DecodingSearch(request, start: [0])
    var step = search.begin()
    for _ in 0..<6 where !step.rows.isEmpty {
        let scores = step.rows.flatMap { row -> [Float] in
            (0..<size).map { (token: Int) -> Float in
                let mixed = (row.number * 31 + token * 17) % 23
                return Float(mixed) / 3 - 2
            }
        }
        let logits = VocabularyScores(Matrix(rows: step.rows.count, columns: size, elements: scores))
        do { try search.advance(logits, firstRow: 0, into: &step) } catch { return }
        precondition(step.rows.allSatisfy { (0..<size).contains($0.number) })
    }
}

extension StepRow {
    /// The token it reads, or its place among those that were read.
    fileprivate var number: Int {
        switch source {
        case .token(let token, _): Int(token)
        case .position(let position): position
        }
    }
}
