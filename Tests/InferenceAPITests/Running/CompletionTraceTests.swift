import Batching
import Generation
import HTTPTypes
import JSON
import Telemetry
import Testing

@testable import HTTPServing
@testable import InferenceAPI

/// What a request leaves behind for the access log and the trace.
struct CompletionTraceTests {
    private func traced(
        _ json: String,
        _ engine: ScriptedEngine
    ) async -> (log: [String: TraceAttribute.Value], trace: RequestTrace, answer: Answer) {
        let client = APIClient(engine)
        let request = ServerRequest.post("/v1/completions", json)
        let route = client.routes.routes.first { $0.method == .post && $0.template == "/v1/completions" }
        let answer = await Answer(route!.respond(request))
        let pairs = request.trace.attributes.compactMap { item -> (String, TraceAttribute.Value)? in
            item.key.log.map { ($0, item.value) }
        }
        return (Dictionary(uniqueKeysWithValues: pairs), request.trace, answer)
    }

    @Test func aCompletionSaysWhatItUsed() async {
        let (log, trace, answer) = await traced(#"{"prompt": [[5, 6], [7]], "max_tokens": 2}"#, .saying([3, 4, 5]))
        #expect(log["prompt_tokens"] == .integer(3))
        #expect(log["completion_tokens"] == .integer(4))
        #expect(log["finish_reason"] == .strings(["length"]))
        #expect(log["stream"] == .flag(false))
        #expect(log["num_beams"] == .integer(1))
        #expect(log["prompts"] == .integer(2))
        #expect(log["error"] == nil)
        #expect(trace.spans.map(\.name) == ["tokenize", "queue", "encode", "decode"])
        let entries = (answer.response.fields[.serverTiming] ?? "").split(separator: ", ")
        let names = entries.map { String($0.prefix { $0 != ";" }) }
        #expect(names == ["tokenize", "queue", "encode", "decode", "total"])
    }

    @Test func aStreamKnowsTokenizationWhenItsHeadLeavesAndTheRestAtItsEnd() async {
        let (log, trace, answer) = await traced(#"{"prompt": [5], "stream": true, "max_tokens": 9}"#, .saying([3, 1]))
        #expect(answer.response.fields[.serverTiming]?.hasPrefix("tokenize;dur=") == true)
        #expect(answer.response.fields[.serverTiming]?.contains(",") == false)
        #expect(trace.spans.map(\.name) == ["tokenize", "queue", "encode", "decode"])
        #expect(log["stream"] == .flag(true) && log["finish_reason"] == .strings(["stop"]))
    }

    @Test func aFailureIsNamed() async {
        let engine = ScriptedEngine { _, _ throws(AdmissionError) in
            [.encoded(routes: []), .token(GeneratedToken(choice: 0, id: 3, logprob: 0)), .failed(.deadline)]
        }
        let (log, trace, _) = await traced(#"{"prompt": [5], "max_tokens": 9}"#, engine)
        #expect(log["finish_reason"] == .strings(["deadline"]))
        #expect(log["error"] == .string("deadline_exceeded"))
        #expect(log["completion_tokens"] == .integer(1))
        #expect(trace.spans.map(\.name) == ["tokenize", "queue", "encode", "decode"])
    }

    @Test func aRefusalIsNamedAndHasNoPhases() async {
        let engine = ScriptedEngine { _, _ throws(AdmissionError) in throw .draining }
        let (log, trace, _) = await traced(#"{"prompt": [5]}"#, engine)
        #expect(log["error"] == .string("draining") && log["finish_reason"] == nil)
        #expect(trace.spans.map(\.name) == ["tokenize"])
    }

    @Test func noPartOfAPromptIsKept() async {
        let (_, trace, _) = await traced(#"{"prompt": "a secret", "user": "me", "max_tokens": 1}"#, .saying([3]))
        #expect(!trace.attributes.contains { "\($0.value)".contains("secret") || $0.value == .string("me") })
    }
}
