import JSON

/// A request as text-generation-inference and the pipelines of Hugging Face have it: `inputs` and `parameters`.
struct TextGeneration: Sendable {
    let plain: PlainRequest
    /// What was asked, for answers that begin with it.
    let inputs: String
    let returnsInputs: Bool
    /// Whether tokens come with the text.
    let hasDetails: Bool
    let hasInputDetails: Bool
    let seed: Int?

    /// - Parameters:
    ///   - streams: nil where the request says so itself.
    ///   - several: whether there may be several answers.
    init(
        _ members: JSONObject,
        _ setting: DialectSetting,
        streams: Bool?,
        several: Bool
    ) throws(APIError) {
        var outer = ParameterReader(members)
        guard let inputs = try outer.text("inputs") else {
            throw .invalid(parameter: "inputs", "'inputs' is required.")
        }
        let isStreamed = try outer.flag("stream") ?? false
        _ = outer.value("options")
        var given = try outer.object("parameters") ?? [:]
        // Hugging Face's client nests what its own methods have no name for.
        var nested = ParameterReader(given, prefix: "parameters.")
        if let more = try nested.object("generate_parameters") { given = given.merging(more) }
        given["generate_parameters"] = nil
        var reader = ParameterReader(given)
        let prompt = try Self.direct(inputs, &reader, setting)
        hasDetails = try reader.flag("details") ?? false
        hasInputDetails = try reader.flag("decoder_input_details") ?? false
        returnsInputs = try reader.flag("return_full_text") ?? false
        seed = reader.peek("seed")?.asInteger
        self.inputs = inputs
        try Self.checkUnsupported(&reader)
        try Self.checkCounts(reader, several: several)
        var plain = PlainRequest(unreadBy: reader)
        plain.drop(["prompt", "suffix", "echo", "stream_options", "logprobs", "n"])
        plain.passOver(outer.unknownNames.filter { $0 != "model" })
        if let model = outer.value("model") { plain.set("model", to: model, from: "model") }
        plain.set("prompt", to: .string(prompt.text), from: "inputs")
        if let forced = prompt.forced { plain.set("forced_bos_token_id", to: .integer(forced), from: "tgt_lang") }
        plain.rename("truncate", to: "truncate_prompt_tokens")
        plain.set("stream", to: .bool(streams ?? isStreamed), from: "stream")
        plain.set("return_token_ids", to: .bool(true), from: "details")
        if plain.members["num_beams"] == nil || streams ?? isStreamed || hasDetails {
            plain.set("logprobs", to: .integer(0), from: "details")
        }
        self.plain = plain
    }

    /// The prompt of a translation between two named languages; else the inputs are it.
    private static func direct(
        _ inputs: String,
        _ reader: inout ParameterReader,
        _ setting: DialectSetting
    ) throws(APIError) -> (text: String, forced: Int?) {
        let source = try reader.text("src_lang")
        let target = try reader.text("tgt_lang")
        guard source != nil || target != nil else { return (inputs, nil) }
        let direction = try setting.direction(from: source, to: target, names: ("src_lang", "tgt_lang"))
        let forced = setting.model.tokenizer.flatMap { direction.forced?.id(in: $0) }
        return (direction.prompt(inputs), forced)
    }

    private static func checkUnsupported(_ reader: inout ParameterReader) throws(APIError) {
        if try reader.flag("watermark") == true {
            throw .invalid(parameter: "watermark", "'watermark' must be false: this server marks no answers.")
        }
        for name in ["grammar", "adapter_id", "tools"] {
            guard let value = reader.value(name), value != .array([]) else { continue }
            throw .invalid(parameter: name, "'\(name)' is not supported.")
        }
        if let count = try reader.integer("top_n_tokens", in: 0...Int(Int32.max)), count > 0 {
            throw .invalid(
                parameter: "top_n_tokens",
                "'top_n_tokens' is not supported: /v1/completions has 'logprobs'."
            )
        }
    }

    private static func checkCounts(_ reader: ParameterReader, several: Bool) throws(APIError) {
        if let value = reader.peek("max_new_tokens"), value != .null {
            _ = try ParameterReader.integer(value, in: 1...Int.max, named: "max_new_tokens")
        }
        if !several, let value = reader.peek("num_return_sequences"), value != .null {
            _ = try ParameterReader.integer(value, in: 1...1, named: "num_return_sequences")
        }
    }

    func answer(_ choice: CompletionChoice, of run: CompletionRun) -> GeneratedText {
        var answer = GeneratedText((returnsInputs ? inputs : "") + choice.text)
        guard hasDetails || hasInputDetails else { return answer }
        answer.details = TextDetails(choice, of: run, seed: seed)
        answer.details?.tokens = TextToken.tokens(of: choice, run.model.tokenizer)
        if hasInputDetails {
            let texts = TokenText(tokenizer: run.model.tokenizer)
            answer.details?.prefill = (choice.promptTokenIDs ?? []).map {
                .init(id: $0, text: texts.text(of: $0, droppingSpaces: false))
            }
        }
        return answer
    }
}

/// An endpoint of text-generation-inference: they differ in whether they stream, and in what holds an answer that is whole.
protocol TextGenerationDialect: StreamedDialect {
    var request: TextGeneration { get }
}

extension TextGenerationDialect {
    static var idPrefix: String { "gen-" }

    var plain: PlainRequest { request.plain }

    func whole(_ choices: [CompletionChoice], _ usage: Usage, of run: CompletionRun) -> GeneratedText {
        request.answer(choices[0], of: run)
    }

    func events(of run: CompletionRun) -> TextEvents { TextEvents(run, request) }
}

/// `POST /generate`.
struct TextGenerationRequest: TextGenerationDialect {
    let request: TextGeneration

    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError) {
        request = try TextGeneration(members, setting, streams: nil, several: false)
    }
}

/// `POST /generate_stream`.
struct TextStreamRequest: TextGenerationDialect {
    let request: TextGeneration

    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError) {
        request = try TextGeneration(members, setting, streams: true, several: false)
    }
}

/// `POST /` with `inputs`: answers are a list, as those of pipelines are.
struct PipelineRequest: TextGenerationDialect {
    let request: TextGeneration

    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError) {
        let streams: Bool? = members["stream"] == .bool(true) ? true : nil
        request = try TextGeneration(members, setting, streams: streams, several: streams == nil)
    }

    func whole(_ choices: [CompletionChoice], _ usage: Usage, of run: CompletionRun) -> [GeneratedText] {
        choices.map { request.answer($0, of: run) }
    }
}
