import Generation
import HTTPServing
import JSON

/// `POST /v1/route`: which experts every token goes to at every sparse layer.
struct RouteEndpoint: Sendable {
    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let (_, run) = try await context.startRun(request, as: RouteRequest.self)
        let (choices, usage) = try await run.choices()
        let choice = choices.first ?? CompletionChoice(index: 0)
        let texts = TokenText(tokenizer: run.model.tokenizer)
        let tokens = choice.tokenIDs ?? []
        let prompt = run.parameters.prompts[0]
        return .json(
            RouteObject(
                id: run.identity.id,
                created: run.identity.created,
                model: run.model.id,
                text: choice.text,
                encoder: RouteObject.Stack(
                    prompt.tokens,
                    layers: choice.routedExperts?.encoder ?? [],
                    texts: texts.ofText(prompt.tokens)
                ),
                decoder: tokens.isEmpty
                    ? nil
                    : RouteObject.Stack(
                        tokens,
                        layers: choice.routedExperts?.decoder ?? [],
                        texts: texts.ofText(tokens, continuesText: prompt.isContinued)
                    ),
                crossAttention: run.parameters.template.crossAttentionBlock.map {
                    RouteObject.CrossAttention(
                        block: $0,
                        blocks: run.model.decoderBlocks,
                        weights: (choice.crossAttention ?? []).map { $0.map { $0.ifFinite ?? 0 } }
                    )
                },
                usage: usage
            )
        )
    }
}

/// The body of `POST /v1/route`.
struct RouteRequest: GenerationDialect {
    static let idPrefix = "route-"
    static let endpoint = CompletionReader.Endpoint.route

    let plain: PlainRequest

    init(_ members: JSONObject, _ setting: DialectSetting) {
        plain = PlainRequest(members)
    }
}

/// The answer of `POST /v1/route`.
struct RouteObject: Encodable, Sendable {
    /// Tokens of the prompt or of the output, and where each went at each sparse layer.
    struct Stack: Encodable, Sendable {
        var tokens: [NumberedToken]
        var layers: [RoutedExperts.Layer]

        init(_ ids: [Int32], layers: [RoutedExperts.Layer], texts: [String]) {
            tokens = NumberedToken.list(ids, texts)
            self.layers = layers
        }
    }

    /// What each token of the output was picked after looking at: `weights` are `[tokens, prompt]`, mean over heads.
    struct CrossAttention: Encodable, Sendable {
        var block: Int
        /// Of the decoder.
        var blocks: Int
        var weights: [[Float]]
    }

    var id: String
    let object = "route"
    var created: Int
    var model: String
    /// What was generated; empty without `max_tokens`.
    var text: String
    var encoder: Stack
    @OrNull var decoder: Stack?
    /// Only where it was asked for.
    var crossAttention: CrossAttention?
    var usage: Usage

    enum CodingKeys: String, CodingKey {
        case id, object, created, model, text, encoder, decoder, usage
        case crossAttention = "cross_attention"
    }
}
