import Generation

/// A completion request after validation.
struct CompletionParameters: Sendable {
    /// One encoder input.
    struct Prompt: Equatable, Sendable {
        var tokens: [Int32]
        /// What `echo` puts in front of the completion.
        var text: String
    }

    enum Delivery: Equatable, Sendable {
        case whole
        case stream(includesUsage: Bool)
    }

    var prompts: [Prompt]
    /// The request without its prompt.
    var template: GenerationRequest
    /// The client wants no token at all.
    var generatesNothing = false
    /// Continuations returned for each prompt.
    var choices: Int
    var output: OutputOptions
    var delivery = Delivery.whole
    /// The parameter that decides how many rows the request takes.
    var rowsParameter: String
    var seed: UInt64?
    var timeout: Duration

    /// The engine must run, for the prompt's routes, but its token is not part of the answer.
    var discardsOutput: Bool { generatesNothing && template.reportsRouting }

    /// What the engine is asked for one prompt. Without a seed from the client every prompt gets its own.
    func request(for prompt: Prompt) -> GenerationRequest {
        var request = template
        request.prompt = prompt.tokens
        if case .sample(var sampling) = request.strategy {
            sampling.seed = seed ?? .random(in: .min ... .max)
            request.strategy = .sample(sampling)
        }
        return request
    }
}

/// How choices are written.
struct OutputOptions: Equatable, Sendable {
    var echoesPrompt = false
    var reportsLogprobs = false
    var returnsTokenIDs = false
    var showsTokensAsIDs = false
    var reportsRouting = false
    var skipsSpecialTokens = true
    var stops: [String] = []
    var includesStop = false
    /// Tokens that end a choice and are not part of its text.
    var stopTokens: Set<Int32> = []
    /// The end of an infill: ends a choice, but the client did not name it.
    var infillEnd: Int32? = nil
    /// Forced tokens whose text is not repeated in the answer.
    var decoderPrompt: [Int32] = []
}
