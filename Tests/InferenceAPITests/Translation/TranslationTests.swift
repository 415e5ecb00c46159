import Batching
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Synchronization
import Testing

@testable import InferenceAPI

/// The "translation" of these tests is what the model was asked, so that texts come out as they went in.
@Suite struct TranslationTests {
    private static let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]

    private func directions(_ more: String = "") throws -> TranslationDirections {
        let json =
            #"{"languages": {"en": "English", "de": "German", "fr": "French"}, "directions": ["# + more
            + #"{"source": "en", "target": "de"}]}"#
        return try TranslationFile.directions(Array(json.utf8))
    }

    private func echo() -> ScriptedEngine {
        ScriptedEngine { request, _ in ScriptedEngine.events(of: request, saying: request.prompt) }
    }

    private func client(
        _ engine: ScriptedEngine? = nil,
        _ more: String = "",
        _ change: (inout APIConfiguration) -> Void = { _ in }
    ) throws -> APIClient {
        var configuration = APIConfiguration()
        change(&configuration)
        return APIClient(engine ?? echo(), configuration: configuration, translation: try directions(more))
    }

    @Test func jsonAFormAndAQueryAreTheSame() async throws {
        let client = try client()
        let json = await client.post("/translate", #"{"q": "the cat. a mat", "source": "en", "target": "DE"}"#)
        #expect(json.json == JSONValue.object(["translatedText": .string("the cat. a mat")]))
        let form = await client.send(
            .post,
            "/translate",
            body: Array("q=the+cat.%20a+mat&source=en&target=de".utf8),
            fields: Self.form
        )
        let query = await client.send(
            .post,
            "/translate",
            query: "q=the%20cat.+a+mat&source=en&target=de&format=text&api_key="
        )
        #expect(form.json == json.json && query.json == json.json)
        #expect(client.engine.requests.count == 3)
    }

    @Test func everySentenceIsARequestOfItsOwnAndTheRestIsKept() async throws {
        let client = try client()
        let text = "# the cat\n\n- a mat. 42\r\n  a cat\n"
        let q = encoded(text)
        let answer = await client.post("/translate", #"{"q": \#(q), "source": "auto", "target": "de"}"#)
        #expect(answer.json["translatedText"] == .string(text))
        #expect(answer.json["detectedLanguage"]["language"] == .string("en"))
        #expect(client.engine.requests.map(\.prompt.count) == [3, 4, 3])
    }

    @Test func aListIsAnsweredByAListInOrder() async throws {
        let client = try client { $0.sentencesAtOnce = 3 }
        let texts = (0..<40).map { "a cat.\na \(String(UnicodeScalar(UInt8(97 + $0 % 24))))." } + ["", "7"]
        let q = encoded(texts)
        let answer = await client.post("/translate", #"{"q": \#(q), "source": "en", "target": "de"}"#)
        #expect(answer.json["translatedText"].items.map(\.asText) == texts)
        #expect(client.engine.requests.count == 80)
    }

    @Test func sentencesThatTheQueueDoesNotTakeWait() async throws {
        let refused = Mutex(0)
        let engine = ScriptedEngine { request, number throws(AdmissionError) in
            if number % 3 == 2 {
                refused.withLock { $0 += 1 }
                throw .queueFull(.requests(limit: 2), retryAfter: .zero)
            }
            return ScriptedEngine.events(of: request, saying: request.prompt)
        }
        let client = try client(engine)
        let text = (0..<50).map { "a \(String(UnicodeScalar(UInt8(97 + $0 % 24))))." }.joined(separator: "\n")
        let answer = await client.post("/translate", #"{"q": \#(encoded(text)), "source": "en", "target": "de"}"#)
        #expect(answer.json["translatedText"] == .string(text))
        #expect(refused.withLock { $0 } > 10)
        let full = ScriptedEngine { _, _ throws(AdmissionError) in
            throw .queueFull(.requests(limit: 0), retryAfter: .seconds(1))
        }
        #expect(await (try self.client(full)).post("/translate", #"{"q": "a.", "target": "de"}"#).status == 503)
    }

    @Test func aTextWithoutWordsNeedsNoModel() async throws {
        let client = try client()
        for text in ["", " 3.14 ", "https://example.org"] {
            let answer = await client.post("/translate", #"{"q": "\#(text)", "target": "de", "alternatives": 1}"#)
            #expect(answer.json["translatedText"] == .string(text) && answer.json["alternatives"] == .array([]))
        }
        #expect(client.engine.requests.isEmpty)
    }

    @Test func alternativesAreBeams() async throws {
        let engine = ScriptedEngine { request, _ in
            var events = ScriptedEngine.events(of: request, saying: [3, 1])
            for (index, event) in events.enumerated() {
                guard case .token(let token) = event, token.id == 3 else { continue }
                let said: Int32 = token.choice == 1 ? 4 : 3
                events[index] = .token(GeneratedToken(choice: token.choice, id: said, logprob: -1))
            }
            return events
        }
        let client = try client(engine)
        let one = await client.post("/translate", #"{"q": "a.", "target": "de", "alternatives": 2}"#)
        #expect(one.json["translatedText"] == .string("the") && one.json["alternatives"] == .array([.string("cat")]))
        #expect(engine.requests[0].rows == 3)
        let many = await client.post("/translate", #"{"q": ["a.", "a.\na."], "target": "de", "alternatives": 1}"#)
        #expect(many.json["translatedText"] == .array([.string("the"), .string("the\nthe")]))
        #expect(many.json["alternatives"] == .array([.array([.string("cat")]), .array([.string("cat\ncat")])]))
    }

    @Test func markupSurvives() async throws {
        let client = try client()
        let html = #"<p class='x'>the cat. <b>a mat</b></p><code>a cat</code>"#
        let answer = await client.post("/translate", #"{"q": "\#(html)", "target": "de", "format": "html"}"#)
        #expect(answer.json["translatedText"] == .string(html))
        #expect(client.engine.requests.count == 2)
        let deepL = await client.post(
            "/v2/translate",
            #"{"text": ["\#(html)"], "target_lang": "de", "tag_handling": "html"}"#
        )
        #expect(deepL.json["translations"][0]["text"] == .string(html))
    }

    @Test func theDirectionSaysHowItIsAsked() async throws {
        let rule = #"{"source": "en", "target": "fr", "prompt": "the {text} mat", "forced_bos_token": "▁cat"},"#
        let client = try client(.saying([4, 1]), rule)
        _ = await client.post("/translate", #"{"q": "a", "source": "en", "target": "fr"}"#)
        #expect(client.engine.requests[0].prompt == [3, 15, 7, 1])
        #expect(client.engine.requests[0].constraints.forcedFirstToken == 4)
        _ = await client.post("/", #"{"inputs": "a", "parameters": {"src_lang": "en", "tgt_lang": "fr"}}"#)
        #expect(client.engine.requests[1].prompt == [3, 15, 7, 1])
    }

    @Test func aSentenceThatIsTooLongIsCut() async throws {
        var limits = EngineLimits()
        limits.maximumInputTokens = 4
        let engine = ScriptedEngine(limits: limits) { request, _ in
            ScriptedEngine.events(of: request, saying: request.prompt)
        }
        let text = "the cat sat on the mat the cat"
        let answer = await (try client(engine)).post("/translate", #"{"q": "\#(text)", "target": "de"}"#)
        #expect(answer.json["translatedText"] == .string(text))
        #expect(engine.requests.count == 3 && engine.requests.allSatisfy { $0.prompt.count <= 4 })
    }

    @Test(arguments: [
        ("/translate", "{}", 400, "'q' is required"),
        ("/translate", #"{"q": 3, "target": "de"}"#, 400, "'q' must be text"),
        ("/translate", #"{"q": [], "target": "de"}"#, 400, "'q' must not be"),
        ("/translate", #"{"q": ["a", 1], "target": "de"}"#, 400, "'q' must be"),
        ("/translate", #"{"q": "a"}"#, 400, "'target' is required"),
        ("/translate", #"{"q": "a", "target": "xx"}"#, 400, "'target' must be one of de"),
        ("/translate", #"{"q": "a", "target": "de", "source": "fr"}"#, 400, "'source' must be one of en"),
        ("/translate", #"{"q": "a", "target": "de", "format": "md"}"#, 400, "'format' must be"),
        ("/translate", #"{"q": "a", "target": "de", "alternatives": -1}"#, 400, "'alternatives'"),
        ("/translate", #"{"q": "a", "target": "de", "alternatives": 100}"#, 400, "'alternatives'"),
        ("/translate", #"{"q": "aaaaaaaaaaa", "target": "de"}"#, 413, "'q' has 11 characters, but at most 10"),
        ("/translate", #"{"q": "a\na\na", "target": "de"}"#, 413, "'q' has 3 sentences, but at most 2"),
        ("/translate", #"{"q": ["", "", "", ""], "target": "de"}"#, 400, "'q' has 4 texts"),
        ("/translate", "[", 400, "JSON"),
        ("/v2/translate", "{}", 400, "'text' is required"),
        ("/v2/translate", #"{"text": ["a"]}"#, 400, "'target_lang' is required"),
        ("/v2/translate", #"{"text": "a", "target_lang": "xx"}"#, 400, "'target_lang' must be one of"),
        ("/v2/translate", #"{"text": "a", "target_lang": "de", "tag_handling": "md"}"#, 400, "'tag_handling'"),
        ("/v2/translate", #"{"text": "a", "target_lang": "de", "split_sentences": "2"}"#, 400, "'split_sentences'"),
        ("/v2/translate", #"{"text": "a", "target_lang": "de", "glossary_id": "x"}"#, 400, "'glossary_id' is not"),
        ("/v2/translate", #"{"text": "a", "target_lang": "de", "formality": "more"}"#, 400, "'formality'"),
        ("/v2/translate", #"{"text": "a", "target_lang": "de", "show_billed_characters": "x"}"#, 400, "'show_billed"),
        ("/detect", "{}", 400, "'q' is required"),
    ])
    func whatIsWrongIsToldInTheShapeOfThePath(path: String, json: String, status: Int, words: String) async throws {
        let client = try client {
            ($0.maximumTextCharacters, $0.maximumSentences, $0.maximumTexts) = (10, 2, 3)
        }
        let answer = await client.post(path, json)
        let name = path.hasPrefix("/v2/") ? "message" : "error"
        #expect(answer.status == status && answer.json.names == [name], "\(answer.text)")
        #expect(answer.json[name].asText?.contains(words) == true, "\(answer.text)")
        #expect(client.engine.requests.isEmpty)
    }

    @Test(arguments: ["q=%", "q=%zz", "q=%ff", "q=a&" + String(repeating: "b&", count: 5000)])
    func aMalformedFormIsOneError(body: String) async throws {
        let answer = await (try client()).send(.post, "/translate", body: Array(body.utf8), fields: Self.form)
        #expect(
            answer.status == 400 && answer.json["error"].asText?.hasPrefix("The form cannot be read") == true,
            "\(answer.text)"
        )
        let other = await (try client()).send(.post, "/translate", fields: [.contentType: "text/plain"])
        #expect(other.status == 415)
    }

    @Test func languagesAreNotDetected() async throws {
        let one = try client()
        #expect(await one.post("/detect", #"{"q": "x"}"#).json[0]["language"] == .string("en"))
        let several = try client(nil, #"{"source": ["fr", "en"], "target": "de"},"#)
        let refused = await several.post("/detect", #"{"q": "x"}"#)
        #expect(refused.status == 400 && refused.json["error"].asText?.contains("does not detect") == true)
        let translated = await several.post("/translate", #"{"q": "x", "source": "auto", "target": "de"}"#)
        #expect(translated.status == 400 && translated.json["error"].asText?.contains("en, fr") == true)
        let languages = await several.send(.get, "/languages").json
        #expect(languages[1]["code"] == .string("en") && languages[1]["targets"] == .array([.string("de")]))
        #expect(languages.count == 3)
    }

    @Test func deepLsWordsAreUnderstood() async throws {
        let client = try client()
        let json =
            #"{"text": ["the cat.", "a"], "target_lang": "DE", "source_lang": "EN-US", "show_billed_characters": true}"#
        let answer = await client.post("/v2/translate", json).json["translations"]
        #expect(answer.items.map { $0["text"].asText } == ["the cat.", "a"])
        #expect(answer.items.map { $0["billed_characters"].asInteger } == [8, 1])
        #expect(answer[0]["detected_source_language"] == .string("EN"))
        let form = "text=the+cat.+a&text=a&target_lang=de&split_sentences=0&show_billed_characters=1"
        let formed = await client.send(.post, "/v2/translate", body: Array(form.utf8), fields: Self.form).json
        #expect(formed["translations"].items.map { $0["text"].asText } == ["the cat. a", "a"])
        // Two of the first request; one of each text here.
        #expect(client.engine.requests.count == 4)
        #expect(await client.send(.get, "/v2/usage").json["character_count"] == .integer(20))
        let targets = await client.send(.get, "/v2/languages", query: "type=target").json
        #expect(targets.items.map { $0["language"].asText } == ["DE"])
        let sources = await client.send(.get, "/v2/languages", body: Array("type=source".utf8), fields: Self.form).json
        #expect(sources.items.map { $0["language"].asText } == ["EN"])
        #expect(await client.send(.get, "/v2/languages", query: "type=x").status == 400)
    }

    @Test func aModelThatIsNoTranslatorSaysWhatIsMissing() async {
        let client = APIClient(.saying([1]))
        for (method, path) in [
            (HTTPRequest.Method.post, "/translate"), (.post, "/v2/translate"), (.post, "/detect"), (.get, "/languages"),
            (.get, "/v2/languages"), (.get, "/v2/usage"),
        ] {
            let answer = await client.send(method, path, body: Array(#"{"q": "a", "text": "a", "target": "de"}"#.utf8))
            #expect(answer.status == 404 && answer.text.contains("no translation.json"), "\(answer.text)")
        }
    }

    @Test func aWrongKeyIsRefusedInTheShapeOfThePath() {
        #expect(APIError.invalidKey.response(in: ErrorShape(path: "/v2/usage")).status == .forbidden)
        #expect(APIError.invalidKey.response(in: ErrorShape(path: "/translate")).status == .unauthorized)
    }
}

/// A value as JSON.
private func encoded(_ value: some Encodable) -> String { String(decoding: JSONText.bytes(value), as: UTF8.self) }
