import Batching
import Foundation
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

@Suite struct RerankTests {
    private static let tokens = #""relevant_token": "▁cat", "irrelevant_token_id": 5"#
    private static let file = #"{"prompt": "{query} on {document} .", \#(tokens)}"#

    /// Relevance falls with the length of the prompt: equal ones come in their order.
    private static func client(
        _ file: String? = file,
        tokenizer: ToyTokenizer = ToyTokenizer(),
        _ change: (inout APIConfiguration) -> Void = { _ in }
    ) throws -> APIClient {
        let engine = ScriptedEngine { request, _ in
            let relevant = Float(1) / Float(request.prompt.count)
            let scores = PromptScores(labels: [log(relevant / 2), log((1 - relevant) / 2)], continuations: [])
            return [.encoded(routes: []), .scores(scores), .completed(GenerationTimings())]
        }
        var configuration = APIConfiguration()
        change(&configuration)
        return APIClient(
            engine,
            tokenizer: tokenizer,
            configuration: configuration,
            reranking: try file.map { try RerankFile.template(Array($0.utf8), tokenizer) }
        )
    }

    @Test(arguments: ["/v1/rerank", "/v2/rerank"])
    func documentsComeByTheirRelevance(path: String) async throws {
        let client = try Self.client()
        let json = #"{"query": "the cat", "documents": ["mat mat mat", {"text": "mat", "id": 7}, "the"]}"#
        let answer = await client.post(path, json)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json.names == ["id", "model", "object", "results", "usage"])
        #expect(answer.json["id"].asText?.hasPrefix("rerank-") == true)
        let results = answer.json["results"].items
        #expect(results.map { $0["index"].asInteger } == [1, 2, 0])
        #expect(results.map { $0["document"]["text"].asText } == ["mat", "the", "mat mat mat"])
        #expect(abs((results[0]["relevance_score"].asNumber ?? 0) - 1.0 / 7) < 1e-6)
        let texts = client.engine.requests.map(\.prompt)
        #expect(texts[1] == ToyTokenizer().encode("the cat on mat .") + [ToyTokenizer.end])
        #expect(client.engine.requests[0].strategy == .scoring(ScoredTokens(labels: [4, 5])))
        #expect(answer.json["usage"]["total_tokens"].asInteger == texts.reduce(0) { $0 + $1.count })
    }

    @Test func theBestAloneAndWithoutTheirTexts() async throws {
        let client = try Self.client()
        let documents = #""query": "the", "documents": ["mat mat", "mat", "the on the"]"#
        let answer = await client.post("/v1/rerank", #"{\#(documents), "top_n": 2, "return_documents": false}"#)
        #expect(answer.json["results"].items.map { $0["index"].asInteger } == [1, 0])
        #expect(answer.json["results"][0].names == ["index", "relevance_score"])
        for most in [0, 3, 2_000_000_000] {
            let all = await client.post("/v1/rerank", #"{\#(documents), "top_n": \#(most)}"#)
            #expect(all.json["results"].count == 3)
        }
    }

    @Test func theFirstTokensOfALongDocumentAreRead() async throws {
        let own = try Self.client(#"{"prompt": "{document} {query}", \#(Self.tokens), "max_document_tokens": 2}"#)
        _ = await own.post("/v1/rerank", #"{"query": "on", "documents": ["the cat sat", "the cat"]}"#)
        _ = await own.post("/v1/rerank", #"{"query": "on", "documents": ["the cat sat"], "max_tokens_per_doc": 1}"#)
        let expected = ["the cat on", "the cat on", "the on"].map { ToyTokenizer().encode($0) + [ToyTokenizer.end] }
        #expect(own.engine.requests.map(\.prompt) == expected)
    }

    @Test func aPlaceInAQueryIsText() throws {
        let template = try RerankFile.template(Array(Self.file.utf8), ToyTokenizer())
        #expect(template.prompt(query: "{document}", document: "{query}") == "{document} on {query} .")
    }

    @Test(arguments: [
        (#"{"documents": ["a"]}"#, "query"), (#"{"query": ["a"], "documents": ["a"]}"#, "query"),
        (#"{"query": "a"}"#, "documents"), (#"{"query": "a", "documents": []}"#, "documents"),
        (#"{"query": "a", "documents": "b"}"#, "documents"), (#"{"query": "a", "documents": [1]}"#, "documents"),
        (#"{"query": "a", "documents": [{"title": "b"}]}"#, "documents.text"),
        (#"{"query": "a", "documents": [{"text": 1}]}"#, "documents.text"),
        (#"{"query": "a", "documents": ["b"], "top_n": -1}"#, "top_n"),
        (#"{"query": "a", "documents": ["b"], "top_n": 1e99}"#, "top_n"),
        (#"{"query": "a", "documents": ["b"], "return_documents": "yes"}"#, "return_documents"),
        (#"{"query": "a", "documents": ["b"], "max_tokens_per_doc": 0}"#, "max_tokens_per_doc"),
    ])
    func whatIsWrongIsNamed(json: String, parameter: String) async throws {
        let client = try Self.client()
        let answer = await client.post("/v1/rerank", json)
        #expect(answer.status == 400 && answer.error.param == parameter, "\(answer.text)")
        #expect(client.engine.requests.isEmpty)
    }

    @Test func limitsHoldToTheElementAndTheByte() async throws {
        // The template has 6 bytes of its own: " on " and " .".
        let client = try Self.client { ($0.maximumDocuments, $0.maximumDocumentBytes) = (2, 2 * (6 + 3 + 4)) }
        let most = await client.post("/v1/rerank", #"{"query": "the", "documents": ["abcd", "abcd"]}"#)
        #expect(most.status == 200, "\(most.text)")
        let many = await client.post("/v1/rerank", #"{"query": "the", "documents": ["a", "a", "a"]}"#)
        #expect(many.status == 400 && many.error.param == "documents")
        let large = await client.post("/v1/rerank", #"{"query": "the", "documents": ["abcd", "abcde"]}"#)
        #expect(large.status == 413 && large.error.param == "documents")
    }

    @Test func aDocumentThatIsTooLongIsTheDocuments() async throws {
        let client = try Self.client()
        let words = Array(repeating: "cat", count: 5000).joined(separator: " ")
        let answer = await client.post("/v1/rerank", #"{"query": "the", "documents": ["\#(words)"]}"#)
        #expect(answer.status == 400 && answer.error.param == "documents", "\(answer.text)")
        #expect(answer.error.code == "context_length_exceeded")
    }

    @Test func aModelWithoutTheFileSaysSo() async throws {
        let client = try Self.client(nil)
        let answer = await client.post("/v1/rerank", #"{"query": "the", "documents": ["a"]}"#)
        #expect(answer.status == 404 && answer.error.code == "not_a_reranker")
        #expect(answer.error.message.contains("rerank.json"))
    }

    @Test func wordsOfScoresAreUnknownHere() async throws {
        let client = try Self.client()
        let words = #""label_token_ids": [7], "continuations": ["x"], "item_first": true, "rank_fields": []"#
        let answer = await client.post("/v1/rerank", #"{"query": "the", "documents": ["a"], \#(words)}"#)
        #expect(answer.status == 200)
        let ignored = answer.response.fields[.ignoredMembers]?.split(separator: ", ").map(String.init) ?? []
        #expect(Set(ignored) == ["continuations", "item_first", "label_token_ids", "rank_fields"])
        #expect(client.engine.requests[0].strategy == .scoring(ScoredTokens(labels: [4, 5])))
    }
}

@Suite struct RerankFileTests {
    private func template(_ json: String) throws -> RerankTemplate {
        try RerankFile.template(Array(json.utf8), ToyTokenizer())
    }

    @Test func tokensAreNamedEitherWay() throws {
        let found = try template(#"{"relevant_token": "▁cat", "irrelevant_token_id": 5}"#)
        #expect((found.relevant, found.irrelevant) == (4, 5) && found.maximumDocumentTokens == nil)
        #expect(found.prompt(query: "q", document: "d") == "Query: q Document: d Relevant:")
        let other = try template(
            #"{"relevant_token_id": 1, "irrelevant_token": "▁sat", "prompt": "{document}?{query}"}"#
        )
        #expect(other.prompt(query: "q", document: "d") == "d?q")
    }

    @Test(arguments: [
        ("[]", "object"), ("{", "JSON"), (#"{"relevant": 1}"#, "'relevant'"),
        ("{}", "▁true"), (#"{"relevant_token": "▁cat"}"#, "▁false"),
        (#"{"relevant_token": "▁cat", "relevant_token_id": 4, "irrelevant_token_id": 5}"#, "relevant_token_id"),
        (#"{"relevant_token_id": 4, "irrelevant_token": "▁cat"}"#, "same"),
        (#"{"relevant_token_id": 4, "irrelevant_token_id": 42}"#, "irrelevant_token_id"),
        (#"{"relevant_token_id": -1, "irrelevant_token_id": 5}"#, "relevant_token_id"),
        (#"{"relevant_token_id": 1e40, "irrelevant_token_id": 5}"#, "relevant_token_id"),
        (#"{"relevant_token": "", "irrelevant_token_id": 5}"#, "relevant_token"),
        (#"{"relevant_token": 7, "irrelevant_token_id": 5}"#, "relevant_token"),
        (#"{"relevant_token_id": 4, "irrelevant_token_id": 5, "prompt": "{query}"}"#, "{document}"),
        (#"{"relevant_token_id": 4, "irrelevant_token_id": 5, "prompt": "{query}{query}{document}"}"#, "once"),
        (#"{"relevant_token_id": 4, "irrelevant_token_id": 5, "max_document_tokens": 0}"#, "max_document_tokens"),
    ])
    func whatCannotBeFollowedIsNamed(json: String, word: String) {
        let error = #expect(throws: RerankFileError.self) { try template(json) }
        let sentence = error.map { "\($0)" } ?? ""
        #expect(sentence.contains("rerank.json") && (word == "JSON" || sentence.contains(word)), "\(sentence)")
    }

    @Test func itIsReadFromADirectory() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "rerank-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        #expect(try RerankFile.template(inDirectory: directory.path, ToyTokenizer()) == nil)
        let file = directory.appending(path: "rerank.json")
        try Data(#"{"relevant_token_id": 4, "irrelevant_token_id": 5}"#.utf8).write(to: file)
        #expect(try RerankFile.template(inDirectory: directory.path, ToyTokenizer())?.relevant == 4)
        #expect(throws: RerankFileError.self) { try RerankFile.template(inDirectory: directory.path, nil) }
        try Data(repeating: 0x20, count: 1 << 20 + 1).write(to: file)
        #expect(throws: RerankFileError.self) { try RerankFile.template(inDirectory: directory.path, ToyTokenizer()) }
    }
}
