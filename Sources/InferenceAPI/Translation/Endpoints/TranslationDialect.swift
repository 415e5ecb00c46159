import HTTPServing

/// A request for translation, as one interface's clients write it.
protocol TranslationDialect: GenerationDialect {
    associatedtype Answer: Encodable

    var texts: TranslationTexts { get }

    /// - Parameter choices: all of them, in order.
    func answer(_ choices: [CompletionChoice]) -> Answer
}

extension TranslationDialect {
    static var idPrefix: String { "trans-" }
}

/// An endpoint that translates texts.
struct TranslationEndpoint<Dialect: TranslationDialect>: Sendable {
    let context: RequestContext

    func respond(to request: ServerRequest) async throws(APIError) -> ServerResponse {
        let (dialect, run) = try await context.startRun(request, as: Dialect.self)
        let (choices, _) = try await run.choices()
        context.translated.add(dialect.texts.characters.reduce(0, +))
        return .json(dialect.answer(choices))
    }
}

extension ServedModel {
    /// - Throws: `.notATranslator`.
    func directions() throws(APIError) -> TranslationDirections {
        guard let translation else { throw .notATranslator(model: id) }
        return translation
    }
}

extension DialectSetting {
    /// The direction that a request names.
    ///
    /// - Parameters:
    ///   - source: nil or `auto` where the client does not say: the only language there is for the target.
    ///   - names: what the client calls the two members, for errors.
    func direction(
        from source: String?,
        to target: String?,
        names: (source: String, target: String)
    ) throws(APIError) -> TranslationDirection {
        let directions = try model.directions()
        guard let target else { throw .invalid(parameter: names.target, "'\(names.target)' is required.") }
        guard let targetLanguage = directions.language(target), directions.targets.contains(targetLanguage.code) else {
            throw unknown(target, names.target, directions.targets)
        }
        let sources = directions.sources(into: targetLanguage.code)
        let sourceCode: String
        if let source, source.lowercased() != "auto", !source.isEmpty {
            sourceCode = source
        } else if sources.count == 1 {
            sourceCode = sources[0]
        } else {
            throw .invalid(
                parameter: names.source,
                "'\(names.source)' must be named, because this server does not detect languages: "
                    + "one of \(Self.list(sources))."
            )
        }
        guard let sourceLanguage = directions.language(sourceCode),
            let direction = directions.direction(from: sourceLanguage, to: targetLanguage)
        else { throw unknown(sourceCode, names.source, sources) }
        return direction
    }

    private func unknown(_ code: String, _ parameter: String, _ known: [String]) -> APIError {
        .invalid(
            parameter: parameter,
            "'\(parameter)' must be one of \(Self.list(known)), but it is \"\(code.excerpt)\"."
        )
    }

    private static func list(_ codes: [String]) -> String {
        codes.prefix(20).joined(separator: ", ") + (codes.count > 20 ? " and \(codes.count - 20) more" : "")
    }
}
