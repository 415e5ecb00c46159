import JSON

/// `POST /v2/translate`, as DeepL has it.
struct DeepLRequest: TranslationDialect {
    static let body = BodyForm.jsonOrForm(text: [
        "text", "source_lang", "target_lang", "tag_handling", "split_sentences", "formality", "context", "auth_key",
        "glossary_id", "style_id", "model_type", "tag_handling_version",
    ])

    struct Translation: Encodable {
        var detectedSourceLanguage: String
        var text: String
        var billedCharacters: Int?

        enum CodingKeys: String, CodingKey {
            case text
            case detectedSourceLanguage = "detected_source_language"
            case billedCharacters = "billed_characters"
        }
    }

    struct Answer: Encodable {
        var translations: [Translation]
    }

    let plain: PlainRequest
    let texts: TranslationTexts
    private let showsCharacters: Bool

    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError) {
        var reader = ParameterReader(members)
        let (texts, _) = try TranslationTexts.read("text", from: &reader, setting.configuration)
        let source = try reader.text("source_lang")
        let target = try reader.text("target_lang")
        let direction = try setting.direction(from: source, to: target, names: ("source_lang", "target_lang"))
        showsCharacters = try Self.flag("show_billed_characters", &reader)
        let form = try Self.form(&reader)
        try Self.checkOthers(&reader)
        self.texts = try TranslationTexts(texts, named: "text", direction, form, setting)
        plain = try self.texts.plain(reader, setting)
    }

    private static func form(_ reader: inout ParameterReader) throws(APIError) -> TranslationTexts.Form {
        var form = TranslationTexts.Form()
        switch reader.value("tag_handling") {
        case nil, .string(""): break
        case .string("html"): form = .init(markup: .html, boundaries: .punctuation)
        case .string("xml"): form.markup = .xml
        case .some(let value): throw .outOfRange("tag_handling", "\"html\" or \"xml\"", value)
        }
        switch reader.value("split_sentences") {
        case nil, .string(""): break
        case .string("0"), .integer(0), .bool(false): form.boundaries = .none
        case .string("1"), .integer(1), .bool(true): form.boundaries = .lines
        case .string("nonewlines"): form.boundaries = .punctuation
        case .some(let value): throw .outOfRange("split_sentences", "\"0\", \"1\" or \"nonewlines\"", value)
        }
        return form
    }

    /// What changes a translation in a way that no model here knows is refused; what only helps one is passed over.
    private static func checkOthers(_ reader: inout ParameterReader) throws(APIError) {
        for name in ["glossary_id", "style_id", "custom_instructions"] {
            guard let value = reader.value(name), value != .string(""), value != .array([]) else { continue }
            throw .invalid(parameter: name, "'\(name)' is not supported.")
        }
        if let formality = try reader.text("formality"),
            !["default", "prefer_more", "prefer_less", ""].contains(formality)
        {
            throw .invalid(
                parameter: "formality",
                "'formality' must be default, prefer_more or prefer_less: this server translates in one way."
            )
        }
        for name in ["context", "auth_key", "model_type", "preserve_formatting", "tag_handling_version"] {
            _ = reader.value(name)
        }
    }

    /// Also 0 and 1, as forms have it.
    private static func flag(_ name: String, _ reader: inout ParameterReader) throws(APIError) -> Bool {
        switch reader.value(name) {
        case nil, .bool(false), .integer(0): false
        case .bool(true), .integer(1): true
        case .some(let value): throw .wrongType(name, "true or false", value)
        }
    }

    func answer(_ choices: [CompletionChoice]) -> Answer {
        let language = texts.direction.source.code.uppercased()
        let found = texts.translations(choices, each: 1)
        return Answer(
            translations: found.enumerated().map { number, translations in
                Translation(
                    detectedSourceLanguage: language,
                    text: translations[0],
                    billedCharacters: showsCharacters ? texts.characters[number] : nil
                )
            }
        )
    }
}
