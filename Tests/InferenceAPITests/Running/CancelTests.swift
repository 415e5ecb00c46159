import Generation
import HTTPServing
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

@Suite struct CancelTests {
    private func delete(_ id: String, _ client: APIClient) async -> Answer {
        await client.send(.delete, "/v1/completions/{id}", parameters: ["id": id])
    }

    @Test(arguments: [false, true])
    func aRunningAnswerIsEndedByTheIdOfItsRequest(streams: Bool) async throws {
        let engine = ScriptedEngine(ends: false) { request, _ in [] }
        let client = APIClient(engine)
        async let asked = client.complete(#"{"prompt": ["a", "b"], "stream": \#(streams)}"#)
        while engine.requests.count < 2 { await Task.yield() }
        var answer = await delete("req-1", client)
        while answer.status == 404 { answer = await delete("req-1", client) }
        #expect(answer.status == 200)
        #expect(answer.json["cancelled"] == .bool(true))
        #expect(engine.cancelled == [0, 1])
        _ = await asked
        #expect(await delete("req-1", client).status == 404)
    }

    @Test func whoIsStillThereIsToldThatTheAnswerWasCancelled() async {
        let client = APIClient(ScriptedEngine { _, _ in [.failed(.cancelled)] })
        let answer = await client.complete(#"{"prompt": "a"}"#)
        #expect(answer.status == 409)
        #expect(answer.error.code == "cancelled")
        #expect(answer.response.fields[.shouldRetry] == "false")
    }

    @Test func anUnknownIdIsNotFound() async {
        let answer = await delete("cmpl-nothing", APIClient(.saying([1])))
        #expect(answer.status == 404)
        #expect(answer.error.code == "not_running")
    }

    @Test func onlyTheOwnerMayEndAnAnswer() throws {
        let running = RunningAnswers()
        let engine = ScriptedEngine(ends: false) { _, _ in [] }
        let parameters = CompletionParameters(
            prompts: [.init(tokens: [1], text: "")],
            template: .init(prompt: [], stop: .init(maximumTokens: 4, endTokens: [])),
            choices: 1,
            output: OutputOptions(),
            rowsParameter: "n",
            timeout: .seconds(1)
        )
        let submission = try Submission.submit(parameters, to: engine)
        var entry: RunningAnswer? = running.enter(submission, names: ["cmpl-1", "r"], owner: "alice")
        #expect(!running.cancel("cmpl-1", owner: "bob"))
        #expect(!running.cancel("cmpl-1", owner: nil))
        #expect(engine.cancelled.isEmpty)
        #expect(running.cancel("r", owner: "alice"))
        #expect(engine.cancelled == [0])
        entry = nil
        #expect(entry == nil && !running.cancel("r", owner: "alice"))
    }
}
