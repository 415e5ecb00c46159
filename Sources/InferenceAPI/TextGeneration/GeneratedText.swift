import JSON
import Tokenization

/// An answer of text-generation-inference, and of three pipelines, whose clients each read one of the names.
struct GeneratedText: Encodable, Sendable {
    var generatedText: String
    var translationText: String
    var summaryText: String
    var details: TextDetails?

    init(_ text: String) {
        (generatedText, translationText, summaryText) = (text, text, text)
    }

    private enum CodingKeys: String, CodingKey {
        case generatedText = "generated_text"
        case translationText = "translation_text"
        case summaryText = "summary_text"
        case details
    }
}

/// How an answer came about.
struct TextDetails: Encodable, Sendable {
    /// A token of the prompt, which has no probability.
    struct Input: Encodable, Sendable {
        var id: Int32
        var text: String
        @OrNull var logprob: Float? = nil
    }

    var finishReason: String
    var generatedTokens: Int
    @OrNull var seed: Int?
    var inputLength: Int
    var prefill: [Input]?
    /// nil at the end of a stream, which has said them.
    var tokens: [TextToken]?

    private enum CodingKeys: String, CodingKey {
        case finishReason = "finish_reason"
        case generatedTokens = "generated_tokens"
        case seed
        case inputLength = "input_length"
        case prefill, tokens
    }

    init(_ choice: CompletionChoice, of run: CompletionRun, seed: Int?) {
        finishReason =
            switch (choice.finishReason, choice.stopReason) {
            case ("length", _): "length"
            case (_, nil): "eos_token"
            case (_, _?): "stop_sequence"
            }
        generatedTokens = choice.tokenIDs?.count ?? 0
        self.seed = seed
        inputLength = run.parameters.promptTokens
        prefill = []
    }
}

/// One token of an answer.
struct TextToken: Encodable, Sendable {
    var id: Int32
    var text: String
    @OrNull var logprob: Float?
    /// No part of the text.
    var special: Bool

    /// The tokens of a choice, or of a part of it, as the vocabulary writes them.
    static func tokens(of choice: CompletionChoice, _ tokenizer: (any Tokenizer)?) -> [TextToken] {
        let texts = TokenText(tokenizer: tokenizer)
        let entries = choice.logprobs?.entries ?? []
        return (choice.tokenIDs ?? []).enumerated().map { number, id in
            let entry = entries.indices.contains(number) ? entries[number] : nil
            let isSpecial = if case .special? = tokenizer?.token(id) { true } else { false }
            return TextToken(
                id: id,
                text: entry?.token.text ?? texts.text(of: id, droppingSpaces: number == 0),
                logprob: entry?.logprob,
                special: isSpecial
            )
        }
    }
}
