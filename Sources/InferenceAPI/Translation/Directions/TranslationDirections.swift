/// What makes a model a translator: its languages, which it translates into which, and how a sentence becomes a prompt.
///
/// It comes from `translation.json` in the model directory.
package struct TranslationDirections: Equatable, Sendable {
    /// One language as the model's file names it.
    package struct Language: Equatable, Sendable {
        /// Such as `de`.
        package var code: String
        /// For people.
        package var name: String
        /// What the model calls it, such as `deu_Latn` or `<2de>`.
        var token: String?
    }

    /// A way to ask that holds for each of some languages into each of others.
    package struct Rule: Equatable, Sendable {
        package var sources: [String]
        package var targets: [String]
        /// With `{text}` once; `{source}`, `{target}`, their `_name` and their `_token` stand for the languages.
        var prompt = "{text}"
        /// The token that every output begins with.
        var forced: ForcedToken?
    }

    /// Places in the text of one stand for the languages.
    typealias ForcedToken = NamedToken

    /// In the order of their codes.
    package let languages: [Language]
    /// The first that has both languages of a request holds.
    package let rules: [Rule]

    init(languages: [Language], rules: [Rule]) {
        (self.languages, self.rules) = (languages.sorted { $0.code < $1.code }, rules)
    }

    /// Codes of the languages that can be translated, those into `target` alone where it is given.
    func sources(into target: String? = nil) -> [String] {
        let found = Set(
            rules.filter { rule in target.map(rule.targets.contains) ?? true }.flatMap(\.sources)
        ).filter { source in
            target.map { rule(from: source, to: $0) != nil } ?? !targets(of: source).isEmpty
        }
        return found.sorted()
    }

    /// Codes of the languages that one can be translated into.
    func targets(of source: String) -> [String] {
        Set(rules.filter { $0.sources.contains(source) }.flatMap(\.targets)).subtracting([source]).sorted()
    }

    /// Codes of all languages that something can be translated into.
    var targets: [String] { Set(sources().flatMap(targets(of:))).sorted() }

    /// The language of a code as clients write it: `EN-US` and `en_us` are `en` where there is no `en-us`.
    func language(_ code: String) -> Language? {
        let wanted = Self.plain(code)
        if let exact = languages.first(where: { Self.plain($0.code) == wanted }) { return exact }
        let base = String(wanted.prefix { $0 != "-" })
        return languages.first { Self.plain($0.code) == base }
    }

    func direction(from source: Language, to target: Language) -> TranslationDirection? {
        guard let rule = rule(from: source.code, to: target.code) else { return nil }
        return TranslationDirection(source, target, rule)
    }

    private func rule(from source: String, to target: String) -> Rule? {
        source == target ? nil : rules.first { $0.sources.contains(source) && $0.targets.contains(target) }
    }

    private static func plain(_ code: String) -> String {
        String(code.lowercased().map { $0 == "_" ? "-" : $0 })
    }
}

/// One language into another, ready to be asked for.
struct TranslationDirection: Equatable, Sendable {
    let source: TranslationDirections.Language
    let target: TranslationDirections.Language
    let forced: TranslationDirections.ForcedToken?
    private let before: String
    private let after: String

    fileprivate init(
        _ source: TranslationDirections.Language,
        _ target: TranslationDirections.Language,
        _ rule: TranslationDirections.Rule
    ) {
        (self.source, self.target) = (source, target)
        func filled(_ template: some StringProtocol) -> String {
            LanguagePlaces.filled(String(template), source, target)
        }
        let parts = rule.prompt.split(separator: "{text}", maxSplits: 1, omittingEmptySubsequences: false)
        before = filled(parts[0])
        after = parts.count > 1 ? filled(parts[1]) : ""
        forced =
            switch rule.forced {
            case .text(let text): .text(filled(text))
            case let other: other
            }
    }

    /// What the model is asked for one sentence.
    func prompt(_ sentence: String) -> String { before + sentence + after }
}

/// Places in a file's templates that stand for the languages of a direction.
enum LanguagePlaces {
    static func filled(
        _ template: String,
        _ source: TranslationDirections.Language,
        _ target: TranslationDirections.Language
    ) -> String {
        var text = template
        for (place, language) in [("source", source), ("target", target)] {
            text = text.replacing("{\(place)}", with: language.code)
                .replacing("{\(place)_name}", with: language.name)
                .replacing("{\(place)_token}", with: language.token ?? "")
        }
        return text
    }

    /// The first place of a template that stands for nothing, `{…}` in any other spelling.
    static func unknown(in template: String) -> String? {
        let known: Set = [
            "text", "source", "target", "source_name", "target_name", "source_token", "target_token",
        ]
        for part in template.split(separator: "{", omittingEmptySubsequences: false).dropFirst() {
            guard let end = part.firstIndex(of: "}"), known.contains(String(part[..<end])) else {
                return "{" + part.prefix(32)
            }
        }
        return nil
    }
}
