import HTTPServing
import JSON

/// `POST /translate`, as LibreTranslate has it.
struct LibreTranslateRequest: TranslationDialect {
    static let body = BodyForm.jsonOrForm(text: ["q", "source", "target", "format", "api_key"])

    struct Detected: Encodable {
        /// Of 100: nothing was guessed.
        let confidence = 100
        var language: String
    }

    struct Answer: Encodable {
        var translatedText: OneOrMany<String>
        var alternatives: OneOrMany<[String]>?
        var detectedLanguage: Detected?
    }

    let plain: PlainRequest
    let texts: TranslationTexts
    private let isList: Bool
    /// Translations beside the first.
    private let alternatives: Int
    private let isDetected: Bool

    init(_ members: JSONObject, _ setting: DialectSetting) throws(APIError) {
        var reader = ParameterReader(members)
        let (texts, isList) = try TranslationTexts.read("q", from: &reader, setting.configuration)
        let source = try reader.text("source")
        let target = try reader.text("target")
        let direction = try setting.direction(from: source, to: target, names: ("source", "target"))
        _ = try reader.text("api_key")
        let form = try Self.form(&reader)
        alternatives = try reader.integer("alternatives", in: 0...(setting.configuration.maximumChoices - 1)) ?? 0
        self.isList = isList
        isDetected = source == nil || source?.lowercased() == "auto"
        self.texts = try TranslationTexts(texts, named: "q", direction, form, setting)
        var plain = try self.texts.plain(reader, setting)
        if alternatives > 0 {
            plain.set("n", to: .integer(alternatives + 1), from: "alternatives")
            if plain.members["num_beams"] == nil {
                plain.set("num_beams", to: .integer(alternatives + 1), from: "alternatives")
            }
        }
        self.plain = plain
    }

    private static func form(_ reader: inout ParameterReader) throws(APIError) -> TranslationTexts.Form {
        switch reader.value("format") {
        case nil, .string("text"), .string(""): return .init()
        case .string("html"): return .init(markup: .html, boundaries: .punctuation)
        case .some(let value): throw .outOfRange("format", "\"text\" or \"html\"", value)
        }
    }

    func answer(_ choices: [CompletionChoice]) -> Answer {
        let found = texts.translations(choices, each: alternatives + 1)
        let others = found.map { Self.distinct($0) }
        var answer = Answer(translatedText: isList ? .many(found.map { $0[0] }) : .one(found[0][0]))
        if alternatives > 0 { answer.alternatives = isList ? .many(others) : .one(others[0]) }
        if isDetected { answer.detectedLanguage = Detected(language: texts.direction.source.code) }
        return answer
    }

    /// All but the first, each once.
    private static func distinct(_ translations: [String]) -> [String] {
        var seen: Set<String> = [translations[0]]
        return translations.dropFirst().filter { seen.insert($0).inserted }
    }
}

/// One value where one was asked for, or an array of them.
enum OneOrMany<Value: Encodable>: Encodable {
    case one(Value)
    case many([Value])

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .one(let value): try value.encode(to: encoder)
        case .many(let values): try values.encode(to: encoder)
        }
    }
}

/// `GET /languages` and `POST /detect`, as LibreTranslate has them.
struct LibreTranslateEndpoint: Sendable {
    struct Language: Encodable {
        var code: String
        var name: String
        var targets: [String]
    }

    let context: RequestContext

    func languages(_ request: ServerRequest) async throws(APIError) -> ServerResponse {
        let directions = try context.directions()
        return .json(
            directions.languages.map {
                Language(code: $0.code, name: $0.name, targets: directions.targets(of: $0.code))
            }
        )
    }

    /// The one language that can be translated; with several there is no telling.
    func detect(_ request: ServerRequest) async throws(APIError) -> ServerResponse {
        let directions = try context.directions()
        let configuration = context.configuration
        try await context.read(request, .jsonOrForm(text: ["q", "api_key"])) { members throws(APIError) in
            var reader = ParameterReader(members)
            _ = try TranslationTexts.read("q", from: &reader, configuration)
        }
        let sources = directions.sources()
        guard sources.count == 1 else {
            throw .invalid(
                parameter: "q",
                "This server does not detect languages: it translates from \(sources.count) of them, "
                    + "so 'source' is to be named."
            )
        }
        return .json([LibreTranslateRequest.Detected(language: sources[0])])
    }
}

extension RequestContext {
    /// - Throws: `.notATranslator`, or that there is no model yet.
    func directions() throws(APIError) -> TranslationDirections {
        try loadedBackend().model.directions()
    }
}
