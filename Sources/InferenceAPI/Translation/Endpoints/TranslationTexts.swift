import JSON
import Tokenization

/// The texts of one request for translation, and the sentences that the model is asked for.
struct TranslationTexts: Equatable, Sendable {
    /// What texts are written in, and where they are cut.
    struct Form: Equatable, Sendable {
        var markup: Markup?
        var boundaries = SentenceSplitter.Boundaries.lines
    }

    let direction: TranslationDirection
    /// Unicode scalars of each text.
    let characters: [Int]
    private let texts: [TranslatableText]
    /// The member they came in.
    private let parameter: String

    /// - Parameter parameter: the member the texts came in.
    /// - Throws: when there are too many of them, too long ones, or too many sentences in them.
    init(
        _ texts: [String],
        named parameter: String,
        _ direction: TranslationDirection,
        _ form: Form,
        _ setting: DialectSetting
    ) throws(APIError) {
        (self.direction, self.parameter) = (direction, parameter)
        characters = texts.map { $0.unicodeScalars.count }
        let limits = setting.configuration
        try Self.check(characters.reduce(0, +), limits.maximumTextCharacters, "characters", parameter)
        let splitter = SentenceSplitter(language: direction.source.code, boundaries: form.boundaries)
        var found: [TranslatableText] = []
        for text in texts { found.append(TranslatableText(text, markup: form.markup, splitter: splitter)) }
        Self.cut(&found, direction, setting)
        try Self.check(found.reduce(0) { $0 + $1.sentences.count }, limits.maximumSentences, "sentences", parameter)
        self.texts = found
    }

    /// Text or an array of texts.
    static func read(
        _ name: String,
        from reader: inout ParameterReader,
        _ configuration: APIConfiguration
    ) throws(APIError) -> (texts: [String], isList: Bool) {
        switch reader.value(name) {
        case nil: throw .invalid(parameter: name, "'\(name)' is required.")
        case .string(let text): return ([text], false)
        case .array(let items):
            guard items.count <= configuration.maximumTexts else {
                throw .invalid(
                    parameter: name,
                    "'\(name)' has \(items.count) texts, but at most \(configuration.maximumTexts) are allowed."
                )
            }
            var texts: [String] = []
            for item in items {
                guard case .string(let text) = item else { throw .wrongType(name, "text or an array of texts", item) }
                texts.append(text)
            }
            guard !texts.isEmpty else { throw .invalid(parameter: name, "'\(name)' must not be an empty array.") }
            return (texts, true)
        case .some(let value): throw .wrongType(name, "text or an array of texts", value)
        }
    }

    /// What is asked in plain words: each sentence is a prompt of its own, so that its answer does not depend on the others.
    func plain(_ reader: ParameterReader, _ setting: DialectSetting) throws(APIError) -> PlainRequest {
        var plain = PlainRequest(unreadBy: reader)
        plain.drop(Self.foreignMembers)
        let sentences = texts.flatMap(\.sentences).map { JSONValue.string(direction.prompt($0)) }
        plain.set("prompt", to: .array(sentences), from: parameter)
        plain.promptsAtOnce = setting.configuration.sentencesAtOnce
        if let forced = direction.forced, let tokenizer = setting.model.tokenizer, let id = forced.id(in: tokenizer) {
            plain.set("forced_bos_token_id", to: .integer(id), from: parameter)
        }
        return plain
    }

    /// Each text's translations, best first.
    ///
    /// - Parameter count: choices for each sentence.
    func translations(_ choices: [CompletionChoice], each count: Int) -> [[String]] {
        var begun = 0
        return texts.map { text in
            let number = text.sentences.count
            defer { begun += number * count }
            return (0..<count).map { choice in
                text.text((0..<number).map { choices[begun + $0 * count + choice].text.trimmingBlanks })
            }
        }
    }

    /// Members of completions that a text made of many prompts cannot have.
    private static let foreignMembers: Set<String> = [
        "prompt", "suffix", "echo", "stream", "stream_options", "n", "num_return_sequences", "best_of", "logprobs",
        "decoder_prompt", "forced_bos_token_id", "truncate_prompt_tokens",
    ]

    /// Bytes of a token, at the least, when a normaliser has written out what one character stands for.
    private static let smallestBytesPerToken = 12

    private static func cut(
        _ texts: inout [TranslatableText],
        _ direction: TranslationDirection,
        _ setting: DialectSetting
    ) {
        guard let tokenizer = setting.model.tokenizer else { return }
        let limit = setting.maximumInputTokens
        let cutter = SentenceCutter(maximumTokens: limit) { text in
            setting.model.prompt(tokenizer.encode(direction.prompt(text))).count
        }
        for index in texts.indices {
            texts[index].cutSentences { sentence in
                direction.prompt(sentence).utf8.count * smallestBytesPerToken <= limit
                    ? [.sentence(sentence)] : cutter.parts(of: sentence)
            }
        }
    }

    private static func check(
        _ count: Int,
        _ limit: Int,
        _ what: String,
        _ parameter: String
    ) throws(APIError) {
        guard count > limit else { return }
        throw .textsTooLarge(
            parameter: parameter,
            "'\(parameter)' has \(count) \(what), but at most \(limit) are allowed in a request."
        )
    }
}

extension String {
    /// Without blanks at its ends.
    fileprivate var trimmingBlanks: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else {
            return ""
        }
        return String(self[first...last])
    }
}
