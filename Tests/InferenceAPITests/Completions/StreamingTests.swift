import Batching
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Synchronization
import TestSupport
import Testing

@testable import InferenceAPI

@Suite struct StreamingTests {
    @Test func aStreamIsChunksThenDone() async {
        let client = APIClient(.saying([3, 4, 8, 1]))
        let answer = await client.complete(#"{"prompt": "a", "stream": true}"#)
        #expect(answer.response.fields[.contentType] == "text/event-stream; charset=utf-8")
        #expect(answer.response.fields[.cacheControl] == "no-cache")
        #expect(answer.pieces.allSatisfy { $0.hasPrefix("data: ") && $0.hasSuffix("\n\n") })
        #expect(answer.pieces.count { $0 == "data: [DONE]\n\n" } == 1)
        let reasons = answer.events.map { $0["choices"][0]["finish_reason"] }
        #expect(reasons.last == .string("stop"))
        #expect(reasons.dropLast().allSatisfy { $0 == .null })
        let names = ["choices", "created", "id", "model", "object", "system_fingerprint"]
        #expect(answer.events.allSatisfy { $0.names == names })
        #expect(Set(answer.events.compactMap { $0["id"].asText }).count == 1)
    }

    @Test func usageIsNullUntilTheChunkBeforeTheEnd() async {
        let client = APIClient(.saying([3, 4, 1]))
        let json = #"{"prompt": ["a", "the"], "n": 2, "stream": true, "stream_options": {"include_usage": true}}"#
        let events = await client.complete(json).events
        #expect(events.dropLast().allSatisfy { $0["usage"] == .null && $0.names.contains("usage") })
        #expect(events.last?["choices"] == .array([]))
        #expect(events.last?["usage"]["prompt_tokens"] == .integer(4))
        #expect(events.last?["usage"]["completion_tokens"] == .integer(12))
        #expect(events.last?["usage"]["total_tokens"] == .integer(16))
    }

    @Test func choicesOfSeveralPromptsAreToldApartByIndex() async {
        let engine = ScriptedEngine { request, number in
            ScriptedEngine.events(of: request, saying: number == 0 ? [3, 1] : [4, 5, 1])
        }
        let events = await APIClient(engine).complete(#"{"prompt": ["a", "the"], "n": 2, "stream": true}"#).events
        var texts: [Int: String] = [:]
        for choice in events.flatMap({ $0["choices"].items }) {
            texts[choice["index"].asInteger ?? -1, default: ""] += choice["text"].asText ?? ""
        }
        #expect(texts == [0: "the", 1: "the", 2: "cat sat", 3: "cat sat"])
    }

    @Test func anErrorMidwayIsAnEvent() async {
        let engine = ScriptedEngine { _, _ in
            [.encoded(routes: []), .token(GeneratedToken(choice: 0, id: 3, logprob: 0)), .failed(.deadline)]
        }
        let answer = await APIClient(engine).complete(#"{"prompt": "a", "stream": true}"#)
        #expect(answer.status == 200)
        #expect(answer.events.last?["error"]["code"] == .string("deadline_exceeded"))
        #expect(answer.pieces.last == "data: [DONE]\n\n")
        #expect(engine.cancelled == [0])
    }

    @Test func aClientThatLeavesCancelsAllItsPrompts() async throws {
        let engine = ScriptedEngine(ends: false) { request, _ in
            [.encoded(routes: []), .token(GeneratedToken(choice: 0, id: 3, logprob: 0))]
        }
        struct Gone: Error {}
        let client = APIClient(engine)
        let json = #"{"prompt": ["a", "the"], "stream": true}"#
        let route = try #require(client.routes.routes.first { $0.template == "/v1/completions" })
        let response = await route.respond(.post("/v1/completions", json))
        guard case .stream(let write) = response.body else { return #expect(Bool(false)) }
        await #expect(throws: Gone.self) { try await write(ResponseWriter { _ in throw Gone() }) }
        #expect(engine.cancelled == [0, 1])
    }

    @Test func aStreamThatNeverStartsCancelsItsPrompts() async throws {
        let engine = ScriptedEngine(ends: false) { _, _ in [] }
        let client = APIClient(engine)
        let route = try #require(client.routes.routes.first { $0.template == "/v1/completions" })
        do {
            _ = await route.respond(.post("/v1/completions", #"{"prompt": "a", "stream": true}"#))
        }
        #expect(engine.cancelled == [0])
    }

    @Test(arguments: [1, 3])
    func aCancelledTaskCancelsItsPrompts(prompts: Int) async throws {
        let started = AsyncStream.makeStream(of: Void.self)
        let engine = ScriptedEngine(ends: false) { _, number in
            if number == prompts - 1 { started.continuation.finish() }
            return []
        }
        let client = APIClient(engine)
        let texts = Array(repeating: "\"a\"", count: prompts).joined(separator: ",")
        let task = Task { await client.complete("{\"prompt\": [\(texts)]}") }
        for await _ in started.stream {}
        task.cancel()
        #expect(await task.value.status == 499)
        #expect(engine.cancelled == Set(0..<prompts))
    }

    @Test func streamedAndWholeTextAgreeWhateverTheStopStrings() async {
        var random = SplitMix(state: 3)
        for _ in 0..<200 {
            let tokens = (0..<random.below(20)).map { _ in Int32(3 + random.below(16)) } + [1]
            let stops = (0..<random.below(4)).map { _ in
                ["t c", "at", ".s", " ", "語", "é", "the cat", "sat on"][random.below(8)]
            }
            let list = stops.map { "\"\($0)\"" }.joined(separator: ",")
            let json = #"{"prompt": "a", "stop": [\#(list)], "include_stop_str_in_output": \#(random.below(2) == 0)"#
            let client = APIClient(.saying(tokens))
            let whole = await client.complete(json + "}").json["choices"][0]
            let parts = await client.complete(json + #", "stream": true}"#).events.map { $0["choices"][0] }
            #expect(parts.compactMap { $0["text"].asText }.joined() == whole["text"].asText)
            #expect(parts.last?["finish_reason"] == whole["finish_reason"])
            #expect(parts.last?["stop_reason"] == whole["stop_reason"])
        }
    }
}
