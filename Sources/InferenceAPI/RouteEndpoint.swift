import Generation
import HTTPServing

/// `POST /v1/route`: which experts every token goes to at every sparse layer.
struct RouteEndpoint: Sendable {
    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let run = try await context.startRun(request, for: .route, idPrefix: "route")
        let (choices, usage) = try await run.choices()
        let choice = choices.first ?? CompletionChoice(index: 0)
        let texts = TokenText(tokenizer: run.model.tokenizer)
        let tokens = choice.tokenIDs ?? []
        return .json(
            RouteObject(
                id: run.identity.id,
                created: run.identity.created,
                model: run.model.id,
                text: choice.text,
                encoder: RouteObject.Stack(
                    run.parameters.prompts[0].tokens,
                    layers: choice.routedExperts?.encoder ?? [],
                    texts: texts
                ),
                decoder: tokens.isEmpty
                    ? nil : RouteObject.Stack(tokens, layers: choice.routedExperts?.decoder ?? [], texts: texts),
                usage: usage
            )
        )
    }
}

/// The answer of `POST /v1/route`.
struct RouteObject: Encodable, Sendable {
    struct Token: Encodable, Sendable {
        var id: Int32
        var text: String
    }

    /// The tokens of one half of the model, and where each went at each sparse layer.
    struct Stack: Encodable, Sendable {
        var tokens: [Token]
        var layers: [RoutedExperts.Layer]

        init(_ ids: [Int32], layers: [RoutedExperts.Layer], texts: TokenText) {
            tokens = ids.enumerated().map { Token(id: $1, text: texts.text(of: $1, isFirst: $0 == 0)) }
            self.layers = layers
        }
    }

    var id: String
    let object = "route"
    var created: Int
    var model: String
    /// What was generated; empty without `max_tokens`.
    var text: String
    var encoder: Stack
    @OrNull var decoder: Stack?
    var usage: Usage
}
