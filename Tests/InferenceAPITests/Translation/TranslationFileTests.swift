import Testing

@testable import InferenceAPI

@Suite struct TranslationFileTests {
    private func directions(_ json: String) throws -> TranslationDirections {
        try TranslationFile.directions(Array(json.utf8))
    }

    private func fault(_ json: String) -> String {
        do {
            let found = try directions(json)
            try found.checkTokens(in: ToyTokenizer())
            return ""
        } catch {
            return "\(error)"
        }
    }

    static let several = #"""
        {"languages": {"en": {"name": "English", "token": "<extra_id_0>"}, "de": {"name": "German", "token": "<extra_id_1>"},
            "zh-Hant": "Chinese"},
         "directions": [{"source": "en", "target": ["de", "en"], "prompt": "{target_token} from {source_name}: {text}",
            "forced_bos_token": "{target_token}"}, {"source": ["en", "de"], "target": "zh-Hant", "forced_bos_token_id": 3}]}
        """#

    @Test func aRuleHoldsForEachOfItsLanguages() throws {
        let found = try directions(Self.several)
        #expect(found.sources() == ["de", "en"] && found.targets == ["de", "zh-Hant"])
        #expect(found.sources(into: "de") == ["en"] && found.targets(of: "en") == ["de", "zh-Hant"])
        let (english, german) = try (#require(found.language("EN-us")), #require(found.language("de")))
        let direction = try #require(found.direction(from: english, to: german))
        #expect(direction.prompt("{target} a") == "<extra_id_1> from English: {target} a")
        #expect(direction.forced == .text("<extra_id_1>") && direction.forced?.id(in: ToyTokenizer()) == 41)
        let chinese = try #require(found.language("ZH_hant"))
        #expect(found.direction(from: german, to: chinese)?.forced == .id(3))
        #expect(found.direction(from: german, to: english) == nil && found.direction(from: english, to: english) == nil)
        #expect(found.language("zh") == nil && found.language("fr") == nil)
    }

    @Test(arguments: [
        ("", "the text ends"), ("[]", "it must be an object"), ("{}", "'languages'"),
        (#"{"languages": {"en": "E", "de": "G"}}"#, "'directions'"),
        (#"{"languages": {"en": "E", "de": 3}, "directions": []}"#, "'languages.de'"),
        (#"{"languages": {"en": "E", "de": {}}, "directions": []}"#, "'languages.de.name'"),
        (#"{"languages": {"en": "E", "d e": "G"}, "directions": []}"#, "'languages.d e'"),
        (#"{"languages": {"en": "E", "de": "G"}, "directions": [], "more": 1}"#, "'more'"),
        (rule(#""source": "en""#), "'directions.0.target'"),
        (rule(#""source": "fr", "target": "de""#), "'directions.0.source'"),
        (rule(#""source": "en", "target": []"#), "'directions.0.target'"),
        (rule(#""source": "en", "target": "de", "prompt": "x""#), "'directions.0.prompt' must have {text} once"),
        (rule(#""source": "en", "target": "de", "prompt": "{text} {lang}""#), "'directions.0.prompt' has {lang}"),
        (rule(#""source": "en", "target": "de", "prompt": "{target_token}{text}""#), "needs 'languages.de.token'"),
        (rule(#""source": "en", "target": "de", "forced_bos_token_id": -1"#), "'directions.0.forced_bos_token_id'"),
        (rule(#""source": "en", "target": "de", "forced_bos_token_id": 99"#), "the vocabulary does not have"),
        (rule(#""source": "en", "target": "de", "forced_bos_token": "deu_Latn""#), "the vocabulary does not have"),
        (rule(#""source": "en", "target": "de", "forced_bos_token": """#), "'directions.0.forced_bos_token'"),
        (rule(#""source": "en", "target": "de", "extra": 1"#), "'extra'"),
    ])
    func whatIsWrongIsNamed(json: String, words: String) {
        #expect(fault(json).contains(words), "\(fault(json))")
        #expect(fault(json).hasPrefix("translation.json cannot be followed: "))
    }

    private static func rule(_ members: String) -> String {
        #"{"languages": {"en": "E", "de": "G"}, "directions": [{\#(members)}]}"#
    }
}
