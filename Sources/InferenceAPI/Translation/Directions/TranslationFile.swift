import JSON
package import Tokenization

/// `translation.json` of a model directory.
package struct TranslationFile {
    package static let name = "translation.json"
    private static let maximumLanguages = 1024
    private static let maximumRules = 4096

    /// What the file of a directory says; nil when there is none.
    ///
    /// - Parameter tokenizer: the model's, whose vocabulary must have the tokens that the file names; nil does not look.
    /// - Throws: what is wrong with the file, naming the member.
    package static func directions(
        inDirectory directory: String,
        _ tokenizer: (any Tokenizer)?
    ) throws(TranslationFileError) -> TranslationDirections? {
        let bytes: [UInt8]?
        do {
            bytes = try DirectoryFile.bytes(of: name, inDirectory: directory)
        } catch {
            throw TranslationFileError(reason: error.reason)
        }
        guard let bytes else { return nil }
        let directions = try directions(bytes)
        if let tokenizer { try directions.checkTokens(in: tokenizer) }
        return directions
    }

    static func directions(_ bytes: [UInt8]) throws(TranslationFileError) -> TranslationDirections {
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw TranslationFileError(reason: "\(error)")
        }
        let members = try object(value, "it", ["languages", "directions"])
        let languages = try languages(members["languages"])
        guard case .array(let items)? = members["directions"], (1...maximumRules).contains(items.count) else {
            throw TranslationFileError(reason: "'directions' must be an array of 1 to \(maximumRules) objects")
        }
        let known = Dictionary(uniqueKeysWithValues: languages.map { ($0.code, $0) })
        var rules: [TranslationDirections.Rule] = []
        for (number, item) in items.enumerated() { rules.append(try rule(item, "directions.\(number)", known)) }
        return TranslationDirections(languages: languages, rules: rules)
    }

    private static func languages(
        _ value: JSONValue?
    ) throws(TranslationFileError) -> [TranslationDirections.Language] {
        guard case .object(let members)? = value, (2...maximumLanguages).contains(members.count) else {
            throw TranslationFileError(
                reason: "'languages' must be an object of 2 to \(maximumLanguages) languages: names by their codes"
            )
        }
        var languages: [TranslationDirections.Language] = []
        for (code, value) in members.sorted(by: { $0.name < $1.name }) {
            let place = "languages.\(code.excerpt)"
            guard (1...64).contains(code.utf8.count), code.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw TranslationFileError(reason: "'\(place)' must be a code of 1 to 64 letters, digits and signs")
            }
            if case .string(let name) = value {
                languages.append(.init(code: code, name: name))
            } else {
                let members = try object(value, "'\(place)'", ["name", "token"])
                guard let name = try text(members, "name", in: place) else {
                    throw TranslationFileError(reason: "'\(place).name' is missing")
                }
                languages.append(.init(code: code, name: name, token: try text(members, "token", in: place)))
            }
        }
        return languages
    }

    private static func rule(
        _ value: JSONValue,
        _ place: String,
        _ languages: [String: TranslationDirections.Language]
    ) throws(TranslationFileError) -> TranslationDirections.Rule {
        let names: Set = ["source", "target", "prompt", "forced_bos_token", "forced_bos_token_id"]
        let members = try object(value, "'\(place)'", names)
        var rule = TranslationDirections.Rule(
            sources: try codes(members["source"], "\(place).source", languages),
            targets: try codes(members["target"], "\(place).target", languages)
        )
        rule.prompt = try text(members, "prompt", in: place) ?? rule.prompt
        let count = rule.prompt.split(separator: "{text}", omittingEmptySubsequences: false).count - 1
        guard count == 1 else {
            throw TranslationFileError(reason: "'\(place).prompt' must have {text} once, but it has it \(count) times")
        }
        rule.forced = try text(members, "forced_bos_token", in: place).map { .text($0) }
        if let id = members["forced_bos_token_id"], id != .null {
            guard rule.forced == nil, let number = id.asInteger, (0...Int(Int32.max)).contains(number) else {
                throw TranslationFileError(
                    reason: "'\(place).forced_bos_token_id' must be a token id, and alone without 'forced_bos_token'"
                )
            }
            rule.forced = .id(number)
        }
        try checkPlaces(rule, place, languages)
        return rule
    }

    private static func checkPlaces(
        _ rule: TranslationDirections.Rule,
        _ place: String,
        _ languages: [String: TranslationDirections.Language]
    ) throws(TranslationFileError) {
        var templates = [("prompt", rule.prompt)]
        if case .text(let text)? = rule.forced { templates.append(("forced_bos_token", text)) }
        for (name, template) in templates {
            if let unknown = LanguagePlaces.unknown(in: template) {
                throw TranslationFileError(reason: "'\(place).\(name)' has \(unknown), which stands for nothing")
            }
            for (end, codes) in [("source", rule.sources), ("target", rule.targets)]
            where template.contains("{\(end)_token}") {
                guard let code = codes.first(where: { languages[$0]?.token == nil }) else { continue }
                throw TranslationFileError(reason: "'\(place).\(name)' needs 'languages.\(code).token'")
            }
        }
    }

    private static func codes(
        _ value: JSONValue?,
        _ place: String,
        _ languages: [String: TranslationDirections.Language]
    ) throws(TranslationFileError) -> [String] {
        let items: [JSONValue] = if case .array(let items)? = value { items } else { value.map { [$0] } ?? [] }
        var codes: [String] = []
        for item in items {
            guard case .string(let code) = item, languages[code] != nil else {
                throw TranslationFileError(reason: "'\(place)' must be codes of 'languages', and one is not")
            }
            codes.append(code)
        }
        guard !codes.isEmpty else {
            throw TranslationFileError(reason: "'\(place)' must be a code or an array of codes")
        }
        return codes
    }

    private static func text(
        _ members: JSONObject,
        _ name: String,
        in place: String
    ) throws(TranslationFileError) -> String? {
        switch members[name] {
        case nil, .null: return nil
        case .string(let text) where !text.isEmpty: return text
        default: throw TranslationFileError(reason: "'\(place).\(name)' must be a string that is not empty")
        }
    }

    private static func object(
        _ value: JSONValue,
        _ what: String,
        _ names: Set<String>
    ) throws(TranslationFileError) -> JSONObject {
        guard case .object(let members) = value else {
            throw TranslationFileError(reason: "\(what) must be an object, but it is \(value.kind)")
        }
        if let unknown = members.without(names).names.min() {
            throw TranslationFileError(
                reason: "\(what) may have \(names.sorted().joined(separator: ", ")), but it has '\(unknown.excerpt)'"
            )
        }
        return members
    }
}

/// Why `translation.json` cannot be followed.
package struct TranslationFileError: Error, Equatable, CustomStringConvertible {
    let reason: String

    package var description: String { "\(TranslationFile.name) cannot be followed: \(reason)" }
}

extension TranslationDirections {
    /// - Throws: when the vocabulary has not a token that outputs are to begin with.
    func checkTokens(in tokenizer: any Tokenizer) throws(TranslationFileError) {
        let named = languages.reduce(into: [:]) { $0[$1.code] = $1 }
        for (number, rule) in rules.enumerated() {
            guard let source = named[rule.sources[0]] else { continue }
            for code in rule.targets {
                guard let target = named[code], let forced = direction(from: source, to: target)?.forced else {
                    continue
                }
                guard forced.id(in: tokenizer) == nil else { continue }
                throw TranslationFileError(
                    reason:
                        "'directions.\(number)' begins outputs in \(code) with a token that the vocabulary does not have"
                )
            }
        }
    }
}
