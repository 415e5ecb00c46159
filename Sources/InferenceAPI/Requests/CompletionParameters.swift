import Generation

/// A completion request after validation.
struct CompletionParameters: Sendable {
    /// What one encoder reads, or a language model goes on from.
    struct Prompt: Equatable, Sendable {
        var tokens: [Int32]
        /// What `echo` puts in front of the completion.
        var text: String
        /// The completion goes on with the text.
        var isContinued = false
    }

    enum Delivery: Equatable, Sendable {
        case whole
        case stream(StreamedUsage)
    }

    /// When a stream tells of usage.
    enum StreamedUsage: Equatable, Sendable {
        case never
        case atEnd
        /// With every part, and at the end.
        case continuously
    }

    var prompts: [Prompt]
    /// The request without its prompt.
    var template: GenerationRequest
    /// Continuations returned for each prompt.
    var choices: Int
    var output: OutputOptions
    var delivery = Delivery.whole
    /// The parameter that decides how many rows the request takes.
    var rowsParameter: String
    var seed: UInt64?
    /// Tokens that a language model's prompt and output may come to, where only the model says so.
    var maximumLength: Int?
    var timeout: Duration
    /// Prompts that the engine has at once; nil for all.
    var promptsAtOnce: Int?
    /// Memory that an answer of embeddings takes.
    var answerBytes = 0
    /// Tokens of all prompts.
    var promptTokens: Int { prompts.reduce(0) { $0 + $1.tokens.count } }

    /// Prompt and generated tokens, if every row of it goes on to the end.
    var greatestTokens: Int { prompts.count * template.greatestTokens + promptTokens }

    /// What the engine is asked for one prompt.
    ///
    /// Without a seed from the client every prompt gets its own.
    func request(for prompt: Prompt) -> GenerationRequest {
        var request = template
        request.prompt = prompt.tokens
        if output.scoresPrompt { request.scorePrompt() }
        request.seed(seed ?? .random(in: .min ... .max))
        if let maximumLength {
            let room = maximumLength - prompt.tokens.count - template.decoderPrompt.count
            request.stop.maximumTokens = min(request.stop.maximumTokens, max(room, 1))
        }
        return request
    }
}

/// How choices are written.
struct OutputOptions: Equatable, Sendable {
    var echoesPrompt = false
    /// The prompt's tokens have log-probabilities too: its text comes out of the model, and not in front.
    var scoresPrompt = false
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
    /// Tokens of the decoder prompt, which every choice starts with and in which nothing stops it.
    var forcedTokens = 0
    /// The decoder prompt is the server's, for an infill, and not the client's.
    var hidesForcedText = false
}
