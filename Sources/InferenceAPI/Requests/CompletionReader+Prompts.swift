import Batching
import JSON
import Tokenization

extension CompletionReader {
    /// The encoder inputs: text, texts, ids or lists of ids.
    mutating func readPrompts(suffix: String?) throws(APIError) -> [CompletionParameters.Prompt] {
        guard let value = reader.value("prompt") else {
            throw .invalid(parameter: "prompt", "'prompt' is required.")
        }
        let kept = try reader.integer("truncate_prompt_tokens", in: -1...limits.maximumInputTokens)
        if kept == 0 {
            throw .invalid(parameter: "truncate_prompt_tokens", "'truncate_prompt_tokens' must not be 0.")
        }
        var prompts: [CompletionParameters.Prompt] = []
        for item in try items(of: value) {
            var prompt = try prompt(kept == nil ? item : lastPart(of: item), suffix: suffix)
            if let kept {
                prompt.tokens = Array(prompt.tokens.suffix(kept == -1 ? limits.maximumInputTokens : kept))
            }
            prompts.append(prompt)
        }
        return prompts
    }

    /// Tokens forced as the start of the output.
    ///
    /// An infill starts with its first sentinel unless told otherwise.
    mutating func readDecoderPrompt(
        infilling: Bool,
        into output: inout OutputOptions
    ) throws(APIError) -> [Int32] {
        guard let value = reader.value("decoder_prompt") else {
            guard infilling else { return [] }
            output.forcedTokens = 1
            output.hidesForcedText = true
            return [try sentinel("<extra_id_0>")]
        }
        let tokens: [Int32]
        switch value {
        case .string(let text): tokens = try tokenizer(for: "decoder_prompt").encode(text)
        case .array(let ids): tokens = try readTokens(ids, named: "decoder_prompt")
        default: throw .wrongType("decoder_prompt", "a string or an array of token ids", value)
        }
        guard tokens.count <= limits.maximumOutputTokens else {
            throw .invalid(
                parameter: "decoder_prompt",
                "'decoder_prompt' has \(tokens.count) tokens, but at most \(limits.maximumOutputTokens) are allowed."
            )
        }
        output.forcedTokens = tokens.count
        return tokens
    }

    /// The id of a sentinel of the vocabulary.
    func sentinel(_ text: String) throws(APIError) -> Int32 {
        let tokenizer = try tokenizer(for: "suffix")
        guard let id = tokenizer.encode(text).first(where: { tokenizer.piece($0) == text }) else {
            throw .invalid(parameter: "suffix", "'suffix' needs the sentinel \(text), which this model does not have.")
        }
        return id
    }

    func tokenizer(for parameter: String) throws(APIError) -> any Tokenizer {
        guard let tokenizer = model.tokenizer else {
            throw .invalid(
                parameter: parameter,
                "'\(parameter)' must not be text: the model has no tokenizer, so prompts are token ids."
            )
        }
        return tokenizer
    }

    func readTokens(_ ids: [JSONValue], named name: String) throws(APIError) -> [Int32] {
        var tokens: [Int32] = []
        tokens.reserveCapacity(ids.count)
        for id in ids {
            tokens.append(Int32(try ParameterReader.integer(id, in: 0...(model.vocabularySize - 1), named: name)))
        }
        return tokens
    }

    /// One value for each prompt.
    private func items(of value: JSONValue) throws(APIError) -> [JSONValue] {
        guard case .array(let elements) = value else { return [value] }
        if atOnce != nil { return elements }
        guard let first = elements.first else {
            throw .invalid(parameter: "prompt", "'prompt' must not be an empty array.")
        }
        if first.isNumber { return [value] }
        if !endpoint.takesLists, elements.count > 1 {
            throw .invalid(parameter: "prompt", "'prompt' must be one prompt, but there are \(elements.count).")
        }
        let most = endpoint == .embeddings ? configuration.maximumEmbeddings : configuration.maximumPrompts
        guard elements.count <= most else {
            throw .invalid(
                parameter: "prompt",
                "'prompt' has \(elements.count) prompts, but at most \(most) are allowed."
            )
        }
        return elements
    }

    /// Bytes of the longest text that may be tokenised as one prompt.
    private var maximumPromptBytes: Int { limits.maximumInputTokens * configuration.maximumBytesPerToken }

    /// What is left of a text of which only the last tokens are kept: its end, still far longer than they can be.
    private func lastPart(of value: JSONValue) -> JSONValue {
        guard case .string(let text) = value, text.utf8.count > maximumPromptBytes else { return value }
        return .string(String(decoding: text.utf8.suffix(maximumPromptBytes).drop { $0 & 0xC0 == 0x80 }, as: UTF8.self))
    }

    /// The part of a text that is kept, still far longer than its tokens can be.
    private func kept(of text: String) -> String {
        let bytes = text.utf8
        guard bytes.count > maximumPromptBytes else { return text }
        if keptPart == .end {
            return String(decoding: bytes.suffix(maximumPromptBytes).drop { $0 & 0xC0 == 0x80 }, as: UTF8.self)
        }
        var start = Array(bytes.prefix(maximumPromptBytes + 1))
        // What follows the cut says whether it is inside a character.
        while let last = start.popLast(), last & 0xC0 == 0x80 {}
        return String(decoding: start, as: UTF8.self)
    }

    /// The tokens of a text that are kept where it is to be cut.
    ///
    /// - Parameter ends: tokens that the model reads behind them.
    private func kept(of tokens: [Int32], behind ends: Int) -> [Int32] {
        guard let keptPart else { return tokens }
        let room = max(min(model.embeddings.longestText ?? .max, limits.maximumInputTokens) - ends, 1)
        return Array(keptPart == .start ? tokens.prefix(room) : tokens.suffix(room))
    }

    /// - Throws: when no prompt could be as long as that.
    func checkLength(of text: String) throws(APIError) {
        let bytes = text.utf8.count
        guard bytes > maximumPromptBytes else { return }
        throw .textTooLong(bytes: bytes, limit: maximumPromptBytes, tokens: limits.maximumInputTokens)
    }

    private func prompt(_ tokens: [Int32], text: String) -> CompletionParameters.Prompt {
        .init(tokens: tokens, text: text, isContinued: model.architecture == .languageModel && !text.isEmpty)
    }

    private func prompt(_ value: JSONValue, suffix: String?) throws(APIError) -> CompletionParameters.Prompt {
        switch value {
        case .string(let text):
            let tokenizer = try tokenizer(for: "prompt")
            let input = suffix.map { "\(text) <extra_id_0> \($0)" } ?? text
            let read = keptPart == nil ? input : kept(of: input)
            try checkLength(of: read)
            return prompt(model.prompt(kept(of: tokenizer.encode(read), behind: model.prompt([]).count)), text: text)
        case .array(let ids):
            if ids.isEmpty { throw .invalid(parameter: "prompt", "'prompt' must not be an empty array.") }
            if suffix != nil { throw .invalid(parameter: "suffix", "'suffix' needs the prompt to be text.") }
            let tokens = kept(of: try readTokens(ids, named: "prompt"), behind: 0)
            return prompt(tokens, text: model.tokenizer?.decode(tokens, skippingSpecialTokens: true) ?? "")
        default:
            throw .wrongType("prompt", "text, token ids, or an array of either", value)
        }
    }
}
