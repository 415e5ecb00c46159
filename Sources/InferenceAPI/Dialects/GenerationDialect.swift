import Batching
import JSON

/// A request to an endpoint that generates, as that endpoint's clients write it.
///
/// All of them go one way: a dialect says what is asked in the words of `/v1/completions`, `CompletionReader` makes that
/// what the engine is asked, and `CompletionRun` turns what the engine says into parts of choices. How these are
/// written is the dialect's again.
protocol GenerationDialect: Sendable {
    /// What the ids of its answers begin with, such as `cmpl-`.
    static var idPrefix: String { get }
    /// What OpenTelemetry calls it (semantic conventions of generative AI, `gen_ai.operation.name`).
    static var operation: String { get }
    static var endpoint: CompletionReader.Endpoint { get }
    static var body: BodyForm { get }

    /// What is asked, in the words of `/v1/completions`.
    var plain: PlainRequest { get }

    /// Reads the members that are the dialect's own.
    ///
    /// - Throws: what is wrong with one of them, in the client's words.
    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError)
}

extension GenerationDialect {
    static var operation: String { "text_completion" }
    static var endpoint: CompletionReader.Endpoint { .completions }
    static var body: BodyForm { .json }
}

/// A dialect whose answers come whole or as server-sent events, as `stream` says.
protocol StreamedDialect: GenerationDialect {
    associatedtype Whole: Encodable
    associatedtype Events: AnswerEvents

    /// - Parameter choices: all of them, in order.
    func whole(_ choices: [CompletionChoice], _ usage: Usage, of run: CompletionRun) -> Whole
    func events(of run: CompletionRun) -> Events
}

/// What a dialect may go by.
struct DialectSetting: Sendable {
    let model: ServedModel
    let configuration: APIConfiguration
    /// Tokens of the longest prompt.
    var maximumInputTokens = EngineLimits().maximumInputTokens
}
