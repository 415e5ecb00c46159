import Batching
import Generation
import JSON
import SwitchModel
import Telemetry

/// Reads and validates the parameters of a request that generates text.
struct CompletionReader {
    /// What differs between the endpoints.
    enum Endpoint: Equatable {
        case completions
        case beamSearch
        case route
        case embeddings
        /// How probable tokens are after prompts.
        case scores

        /// Whether one request may hold several prompts.
        var takesLists: Bool { self == .completions || self == .embeddings }
    }

    var reader: ParameterReader
    let endpoint: Endpoint
    let backend: InferenceBackend
    private(set) var configuration: APIConfiguration
    /// The client's names of members that it called something else.
    let names: [String: String]
    /// Members of nested objects that nobody asked for.
    private var nestedUnknownNames: [String] = []
    /// How many prompts the engine has at once, where they are parts of one text.
    let atOnce: Int?
    /// What is made of the prompts where nothing is generated.
    let embedding: EmbeddingKind
    let keptPart: PlainRequest.KeptPart?
    /// Members that were cut to the server's limits.
    var clamped: [ClampedMember] = []
    /// When the prompts became tokens.
    private var tokenization: TraceSpan?

    init(
        _ request: PlainRequest,
        for endpoint: Endpoint,
        _ backend: InferenceBackend,
        _ configuration: APIConfiguration
    ) {
        reader = ParameterReader(request.members)
        names = request.names
        nestedUnknownNames = request.unknownNames
        atOnce = request.promptsAtOnce
        (embedding, keptPart) = (request.embedding, request.keptPart)
        self.endpoint = endpoint
        self.backend = backend
        self.configuration = configuration
        if let limit = request.maximumLogprobs { self.configuration.maximumLogprobs = limit }
    }

    var model: ServedModel { backend.model }
    var limits: EngineLimits { backend.engine.limits }

    /// What the client is told beside the answer, in its own words.
    var notes: ReadingNotes {
        ReadingNotes(
            unknownNames: reader.unknownNames.map { names[$0] ?? $0 } + nestedUnknownNames,
            clamped: clamped,
            tokenization: tokenization
        )
    }

    /// All of the request.
    ///
    /// - Throws: what is wrong with a member, by the name the client gave it.
    mutating func parameters() throws(APIError) -> CompletionParameters {
        do throws(APIError) {
            return try readParameters()
        } catch {
            throw error.worded(by: names)
        }
    }

    private mutating func readParameters() throws(APIError) -> CompletionParameters {
        try readModel()
        _ = try reader.text("user")
        try UnsupportedMembers.check(&reader)
        let suffix = endpoint == .completions ? try reader.text("suffix") : nil
        let start = ContinuousClock.now
        if endpoint == .scores {
            let parameters = try scoringParameters()
            tokenization = TraceSpan("tokenize", from: start, to: .now)
            return parameters
        }
        let prompts = try readPrompts(suffix: suffix)
        tokenization = TraceSpan("tokenize", from: start, to: .now)
        if endpoint == .embeddings { return try embeddingParameters(prompts) }
        let (strategy, choices, rowsParameter) = try readStrategy()
        var output = try readOutput()
        let decoderPrompt = try readDecoderPrompt(infilling: suffix != nil, into: &output)
        let asked = try readMaximumTokens()
        let maximumTokens = asked ?? ownMaximum(decoderPrompt: decoderPrompt, prompts: prompts)
        var template = GenerationRequest(
            prompt: [],
            stop: try readStop(maximumTokens: maximumTokens, infilling: suffix != nil, into: &output)
        )
        template.decoderPrompt = decoderPrompt
        template.strategy = strategy
        // A maximum of the files is where an answer ends, not what a request may not go beyond.
        template.constraints = try readConstraints(maximumTokens: asked ?? limits.maximumOutputTokens)
        template.topLogprobs = try readLogprobs(into: &output)
        template.reportsRouting = output.reportsRouting
        var parameters = CompletionParameters(
            prompts: prompts,
            template: template,
            choices: choices,
            output: output,
            rowsParameter: rowsParameter,
            seed: try reader.integer("seed", in: .min ... .max).map { UInt64(bitPattern: Int64($0)) },
            timeout: try readTimeout()
        )
        if asked == nil, model.architecture == .languageModel, case .length(let length) = model.generation.maximum {
            parameters.maximumLength = length
        }
        parameters.promptsAtOnce = atOnce
        parameters.delivery = try readDelivery(strategy: strategy, choices: choices)
        if endpoint == .beamSearch, case .stream = parameters.delivery { parameters.template.reportsBeamSteps = true }
        try readCrossAttention(into: &parameters)
        return parameters
    }

    mutating func readModel() throws(APIError) {
        guard let id = try reader.text("model"), !configuration.accepts(id, for: model) else { return }
        throw .modelNotFound(id)
    }

    private mutating func readOutput() throws(APIError) -> OutputOptions {
        var output = OutputOptions()
        output.skipsSpecialTokens = try reader.flag("skip_special_tokens") ?? true
        guard endpoint == .completions else {
            output.reportsRouting = endpoint == .route
            output.returnsTokenIDs = true
            return output
        }
        output.echoesPrompt = try reader.flag("echo") ?? false
        output.returnsTokenIDs = try reader.flag("return_token_ids") ?? false
        output.showsTokensAsIDs = try reader.flag("return_tokens_as_token_ids") ?? (model.tokenizer == nil)
        output.reportsRouting = try reader.flag("return_routed_experts") ?? false
        return output
    }

    private mutating func readLogprobs(into output: inout OutputOptions) throws(APIError) -> Int? {
        guard endpoint == .completions,
            let count = try reader.integer("logprobs", in: 0...configuration.maximumLogprobs)
        else { return nil }
        guard !output.echoesPrompt || model.architecture == .languageModel else {
            throw .invalid(
                parameter: "logprobs",
                "'logprobs' cannot be combined with 'echo': the prompt goes to the encoder, "
                    + "which gives its tokens no probabilities."
            )
        }
        output.reportsLogprobs = true
        output.scoresPrompt = output.echoesPrompt
        return count
    }

    private mutating func readDelivery(
        strategy: GenerationRequest.Strategy,
        choices: Int
    ) throws(APIError) -> CompletionParameters.Delivery {
        let streams = try reader.flag("stream") ?? false
        if endpoint == .beamSearch { return streams ? .stream(.never) : .whole }
        guard endpoint == .completions else {
            if streams { throw .invalid(parameter: "stream", "'stream' must be false: this endpoint answers at once.") }
            return .whole
        }
        let options = try reader.object("stream_options")
        guard streams else {
            if options == nil { return .whole }
            throw .invalid(parameter: "stream_options", "'stream_options' needs 'stream' to be true.")
        }
        if case .sample(let sampling) = strategy, sampling.draws > choices {
            throw .invalid(
                parameter: "best_of",
                "'best_of' must equal 'n' when 'stream' is true: the best are known only at the end."
            )
        }
        var nested = ParameterReader(options ?? [:], prefix: "stream_options.")
        _ = nested.value("include_obfuscation")
        let includesUsage = try nested.flag("include_usage") ?? false
        let isContinuous = try nested.flag("continuous_usage_stats") ?? false
        nestedUnknownNames += nested.unknownNames
        return .stream(includesUsage ? (isContinuous ? .continuously : .atEnd) : .never)
    }

    /// Seconds; never longer than the server's own limit.
    mutating func readTimeout() throws(APIError) -> Duration {
        let limit = configuration.requestTimeout
        guard let seconds = try reader.number("timeout", .above(0, to: 86_400)) else { return limit }
        return min(.seconds(Double(seconds)), limit)
    }
}
