import Batching
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

@Suite struct BeamSearchStreamTests {
    private static let steps = [
        BeamStep(
            number: 0,
            candidates: [
                .init(parent: 0, token: 3, logprob: -0.25, score: -0.25, beam: 0),
                .init(parent: 0, token: 1, logprob: -0.5, score: -0.5, finishedScore: -0.5),
                .init(parent: 0, token: 4, logprob: -.infinity, score: -.infinity, beam: 1),
                .init(parent: 0, token: 5, logprob: -3, score: -1e9),
            ],
            isLast: false
        ),
        BeamStep(
            number: 1,
            candidates: [.init(parent: 0, token: 4, logprob: -1, score: -1.25, finishedScore: -0.625)],
            isLast: true
        ),
    ]

    private static var engine: ScriptedEngine {
        ScriptedEngine { request, _ in
            var events = ScriptedEngine.events(of: request, saying: [3, 4, 1])
            if request.reportsBeamSteps { events.insert(contentsOf: steps.map { .beamStep($0) }, at: 1) }
            return events
        }
    }

    @Test func everyStepIsAnEventAndThenComesTheAnswer() async {
        let client = APIClient(Self.engine)
        let body = #""prompt": "the cat", "num_beams": 2, "num_return_sequences": 2, "length_penalty": 0.5"#
        let answer = await client.post("/v1/beam_search", "{\(body), \"stream\": true}")
        #expect(answer.response.fields[.contentType] == "text/event-stream; charset=utf-8")
        #expect(answer.pieces.last == "data: [DONE]\n\n")
        let events = answer.events
        #expect(
            events.map { $0["object"].asText }
                == ["beam_search.begin", "beam_search.step", "beam_search.step", "beam_search"]
        )
        #expect(Set(events.map { $0["id"].asText }).count == 1)
        #expect(events[0]["prompt"].items.map { $0["text"].asText } == ["the", " cat", "</s>"])
        #expect(events[0]["num_beams"] == .integer(2) && events[0]["length_penalty"] == .real(0.5))
        let plain = await client.post("/v1/beam_search", "{\(body)}").json
        for member in ["beams", "usage", "model"] { #expect(events[3][member] == plain[member]) }
        #expect(client.engine.requests.map(\.reportsBeamSteps) == [true, false])
    }

    @Test func aCandidateSaysWhatBecameOfIt() async {
        let events = await APIClient(Self.engine).post(
            "/v1/beam_search",
            #"{"prompt": "the", "num_beams": 2, "stream": true}"#
        ).events
        let first = events[1]["candidates"].items
        #expect(first.map { $0["outcome"].asText } == ["kept", "finished", "kept", "pruned"])
        #expect(first.map { $0["beam"] } == [.integer(0), .null, .integer(1), .null])
        #expect(first.map { $0["finished_score"] } == [.null, .real(-0.5), .null, .null])
        // The first word of the output has no space before it, the second has one.
        #expect(first[0]["text"] == .string("the") && events[2]["candidates"][0]["text"] == .string(" cat"))
        #expect(first[2]["score"] == .null && first[2]["logprob"].asNumber == -9999)
        #expect(events[1]["last"] == .bool(false) && events[2]["last"] == .bool(true))
    }

    @Test func tokensBeginAfterTheDecoderPrompt() async {
        let events = await APIClient(Self.engine).post(
            "/v1/beam_search",
            #"{"prompt": "the", "num_beams": 2, "stream": true, "decoder_prompt": [5, 6]}"#
        ).events
        #expect(events[0]["decoder_prompt"].items.map { $0["text"].asText } == ["sat", " on"])
        #expect(events[1]["candidates"][0]["text"] == .string(" the"))
    }

    @Test func anErrorMidwayIsAnEventAndEndsTheWork() async {
        let engine = ScriptedEngine { _, _ in
            [.encoded(routes: []), .beamStep(Self.steps[0]), .failed(.deadline)]
        }
        let answer = await APIClient(engine).post("/v1/beam_search", #"{"prompt": "a", "stream": true}"#)
        #expect(answer.events.last?["error"]["code"] == .string("deadline_exceeded"))
        #expect(answer.pieces.last == "data: [DONE]\n\n")
        #expect(engine.cancelled == [0])
    }
}
