import Batching
import Generation
import JSON
import Tokenization

/// Requests that ask how probable tokens are, in plain words: `prompt` has the items, each of which goes behind `query` or
/// before it.
extension CompletionReader {
    /// One side of a prompt.
    private struct Part {
        var tokens: [Int32]
        var isText = false
    }

    /// All of the request but what every endpoint has.
    mutating func scoringParameters() throws(APIError) -> CompletionParameters {
        let labels = try readLabels()
        let continuations = try readContinuations()
        guard labels != nil || continuations != nil else {
            throw .invalid(
                parameter: "label_token_ids",
                "'label_token_ids' is required, unless there are 'continuations' to score."
            )
        }
        let scored = ScoredTokens(
            labels: labels ?? [],
            continuations: continuations ?? [],
            perStep: limits.maximumRows
        )
        var parameters = CompletionParameters(
            prompts: try readScoredPrompts(),
            template: GenerationRequest(prompt: [], scoring: scored),
            choices: 1,
            output: OutputOptions(),
            rowsParameter: "continuations",
            timeout: try readTimeout()
        )
        parameters.promptsAtOnce = atOnce
        return parameters
    }

    /// Each once, in the order given.
    private mutating func readLabels() throws(APIError) -> [Int32]? {
        guard let value = reader.value("label_token_ids") else { return nil }
        guard case .array(let ids) = value else { throw .wrongType("label_token_ids", "an array of token ids", value) }
        let most = min(configuration.maximumLabels, limits.maximumScoredTokens)
        guard (1...most).contains(ids.count) else {
            throw .invalid(
                parameter: "label_token_ids",
                "'label_token_ids' must have 1 to \(most) token ids, but it has \(ids.count)."
            )
        }
        var seen: Set<Int32> = []
        return try readTokens(ids, named: "label_token_ids").filter { seen.insert($0).inserted }
    }

    private mutating func readContinuations() throws(APIError) -> [[Int32]]? {
        let end = try reader.flag("add_end_token") ?? false ? model.endTokens.prefix(1) : []
        guard let value = reader.value("continuations") else { return nil }
        guard case .array(let items) = value else {
            throw .wrongType("continuations", "an array of texts or of arrays of token ids", value)
        }
        guard (1...configuration.maximumContinuations).contains(items.count) else {
            throw .invalid(
                parameter: "continuations",
                "'continuations' must have 1 to \(configuration.maximumContinuations) elements, "
                    + "but it has \(items.count)."
            )
        }
        var continuations: [[Int32]] = []
        for (index, item) in items.enumerated() {
            let part = try readPart(item, named: "continuations", most: limits.maximumOutputTokens)
            let tokens = part.tokens + (part.isText ? end : [])
            guard (1...limits.maximumOutputTokens).contains(tokens.count) else {
                throw .invalid(
                    parameter: "continuations",
                    "'continuations' must have 1 to \(limits.maximumOutputTokens) tokens each, "
                        + "but number \(index) has \(tokens.count)."
                )
            }
            continuations.append(tokens)
        }
        return continuations
    }

    private mutating func readScoredPrompts() throws(APIError) -> [CompletionParameters.Prompt] {
        guard let value = reader.value("query") else { throw .invalid(parameter: "query", "'query' is required.") }
        let query = try readPart(value, named: "query", most: limits.maximumInputTokens)
        let itemFirst = try reader.flag("item_first") ?? false
        let addsSpecial = try reader.flag("add_special_tokens") ?? true
        guard case .array(let items)? = reader.value("prompt") else {
            throw .invalid(parameter: "prompt", "'prompt' is required.")
        }
        var prompts: [CompletionParameters.Prompt] = []
        for item in items {
            let item = try readPart(item, named: "prompt", most: limits.maximumInputTokens)
            let tokens = itemFirst ? item.tokens + query.tokens : query.tokens + item.tokens
            let prompt = addsSpecial && query.isText ? model.prompt(tokens) : tokens
            if prompt.isEmpty {
                throw .invalid(parameter: "prompt", "'prompt' and 'query' must not both be empty.")
            }
            try check(prompt.count)
            prompts.append(.init(tokens: prompt, text: ""))
        }
        return prompts
    }

    /// Text, tokenised without special tokens, or token ids.
    ///
    /// - Parameter most: tokens it may have; a text that has more bytes than so many ever come to is refused unread.
    private func readPart(_ value: JSONValue, named name: String, most: Int) throws(APIError) -> Part {
        switch value {
        case .string(""): return Part(tokens: [], isText: true)
        case .string(let text):
            let tokenizer = try tokenizer(for: name)
            let limit = most * configuration.maximumBytesPerToken
            guard text.utf8.count <= limit else {
                throw .invalid(
                    parameter: name,
                    "'\(name)' has a text of \(text.utf8.count) bytes, but the \(most) tokens that it may have "
                        + "are never more than \(limit)."
                )
            }
            return Part(tokens: tokenizer.encode(text), isText: true)
        case .array(let ids):
            if ids.count > most, name != "continuations" { try check(ids.count) }
            return Part(tokens: try readTokens(ids, named: name))
        default: throw .wrongType(name, "text or an array of token ids", value)
        }
    }

    private func check(_ tokens: Int) throws(APIError) {
        guard tokens > limits.maximumInputTokens else { return }
        throw .admission(
            .promptTooLong(tokens: tokens, limit: limits.maximumInputTokens),
            rowsParameter: "continuations"
        )
    }
}
