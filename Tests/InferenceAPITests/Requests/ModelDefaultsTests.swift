import Batching
import Generation
import HTTPTypes
import JSON
import SwitchModel
import Testing

@testable import InferenceAPI

/// What requests get where they leave their own word out.
@Suite struct ModelDefaultsTests {
    private static func configuration(_ json: String) throws -> GenerationConfiguration {
        var model = SwitchConfiguration(startToken: 0)
        model.vocabularySize = ToyTokenizer.pieces.count
        return try GenerationConfiguration(Array(json.utf8), file: "generation_config.json", model)
    }

    private func request(
        _ members: String,
        model: String,
        speaker: AskedStrategy.Speaker = .model,
        path: String = "/v1/completions"
    ) async throws -> GenerationRequest {
        var limits = EngineLimits()
        limits.maximumRows = 8
        let client = APIClient(
            .saying([3, 4, 1], limits: limits),
            generation: try Self.configuration(model),
            speaker: speaker
        )
        let answer = await client.post(path, #"{"prompt": "the cat"\#(members.isEmpty ? "" : ", ")\#(members)}"#)
        #expect(answer.status == 200, "\(answer.text)")
        return try #require(client.engine.requests.first)
    }

    private static let beams = #"{"num_beams": 4, "length_penalty": 2.0, "early_stopping": true}"#

    @Test func aRequestThatSaysNothingGetsTheModelsBeams() async throws {
        guard case .beam(let beam) = try await request("", model: Self.beams).strategy else {
            return #expect(Bool(false))
        }
        #expect(beam.beams == 4 && beam.returned == 1)
        #expect(beam.lengthPenalty == 2 && beam.earlyStopping == .whenFull && beam.draw == nil)
    }

    @Test(arguments: [
        #""temperature": 0.5"#, #""temperature": 0"#, #""top_p": 0.9"#, #""top_k": 5"#, #""do_sample": true"#,
        #""do_sample": false"#, #""best_of": 2"#, #""num_beams": 1"#,
    ])
    func wordsOfDrawingGetNoBeams(members: String) async throws {
        guard case .sample = try await request(members, model: Self.beams).strategy else {
            return #expect(Bool(false), "\(members)")
        }
    }

    @Test func aMinimumMayGoBeyondWhatTheFilesEndAnAnswerAt() async throws {
        let request = try await request(#""min_tokens": 6"#, model: #"{"max_new_tokens": 4}"#)
        #expect(request.stop.maximumTokens == 4 && request.constraints.minimumTokens == 6)
    }

    @Test func theModelsBeamsAreCutToTheServersRowsAndWidenedToTheChoices() async throws {
        #expect(try await request("", model: #"{"num_beams": 20}"#).rows == 8)
        #expect(try await request(#""n": 6"#, model: #"{"num_beams": 4}"#).rows == 6)
        #expect(try await request("", model: #"{"num_beams": 5}"#, path: "/v1/beam_search").rows == 5)
    }

    @Test func aStreamHasTheModelsBeamsToo() async throws {
        #expect(try await request(#""stream": true"#, model: Self.beams).rows == 4)
    }

    @Test func theOperatorCanLetOpenAISpeak() async throws {
        guard case .sample(let sampling) = try await request("", model: Self.beams, speaker: .openai).strategy else {
            return #expect(Bool(false))
        }
        #expect(sampling.pick == .random(Sampling.Filters()))
        let request = try await request("", model: #"{"no_repeat_ngram_size": 3}"#, speaker: .openai)
        #expect(request.constraints.noRepeatNgramSize == 3)
    }

    @Test func drawingByTheModelsWordIsFromFiftyAsInTransformers() async throws {
        func filters(_ members: String, _ model: String) async throws -> Sampling.Filters? {
            guard case .sample(let sampling) = try await request(members, model: model).strategy,
                case .random(let filters) = sampling.pick
            else { return nil }
            return filters
        }
        #expect(try await filters("", #"{"do_sample": true}"#)?.topK == 50)
        #expect(try await filters("", #"{"do_sample": true, "top_k": 7}"#)?.topK == 7)
        #expect(try await filters("", #"{"do_sample": true, "top_k": 0}"#)?.topK == nil)
        #expect(try await filters(#""temperature": 0.5"#, #"{"do_sample": true}"#)?.topK == nil)
        let mixed = try await filters(#""top_k": 3"#, #"{"temperature": 0.5, "top_p": 0.9}"#)
        #expect(mixed?.topK == 3 && mixed?.temperature == 0.5 && mixed?.topP == 0.9)
    }

    @Test func whatBelongsToTheModelHoldsUnlessNamed() async throws {
        let model = #"{"min_length": 9, "suppress_tokens": [3], "repetition_penalty": 1.5, "forced_bos_token_id": 5}"#
        let own = try await request("", model: model).constraints
        #expect(own.minimumLength == 9 && own.suppressedTokens == [3] && own.repetitionPenalty == 1.5)
        #expect(own.forcedFirstToken == 5)
        let named = try await request(
            #""min_tokens": 2, "suppress_tokens": [], "repetition_penalty": 1, "forced_bos_token_id": null"#,
            model: model
        ).constraints
        #expect(named.minimumTokens == 2)
        #expect(named.suppressedTokens.isEmpty && named.repetitionPenalty == 1 && named.forcedFirstToken == 5)
    }

    @Test func theModelsLengthIsTheDefaultOfMaximumTokens() async throws {
        #expect(try await request("", model: #"{"max_new_tokens": 20}"#).stop.maximumTokens == 20)
        #expect(try await request("", model: #"{"max_length": 20}"#).stop.maximumTokens == 19)
        #expect(try await request(#""decoder_prompt": [3, 4]"#, model: #"{"max_length": 20}"#).stop.maximumTokens == 17)
        #expect(try await request("", model: #"{"max_new_tokens": 9999}"#).stop.maximumTokens == 512)
        #expect(try await request(#""max_new_tokens": 5"#, model: #"{"max_length": 20}"#).stop.maximumTokens == 5)
        #expect(try await request("", model: "{}").stop.maximumTokens == 512)
    }

    @Test func aLanguageModelDrawsByDefaultAndItsPromptCountsAsLength() async throws {
        let client = APIClient(
            .saying([3, 4]),
            architecture: .languageModel,
            generation: try Self.configuration(#"{"max_length": 20}"#)
        )
        #expect(await client.complete(#"{"prompt": [[3], [3, 4, 5]]}"#).status == 200)
        #expect(client.engine.requests.map(\.stop.maximumTokens) == [19, 17])
        guard case .sample(let sampling) = client.engine.requests[0].strategy else { return #expect(Bool(false)) }
        #expect(sampling.pick == .random(Sampling.Filters()))
    }

    @Test func beamSamplingIsAskedForByName() async throws {
        let request = try await request(#""num_beams": 3, "do_sample": true, "top_k": 5, "seed": 7"#, model: "{}")
        guard case .beam(let beam) = request.strategy else { return #expect(Bool(false)) }
        #expect(beam.draw?.filters.topK == 5 && beam.draw?.seed == 7)
        guard case .beam(let plain) = try await self.request(#""num_beams": 3, "top_k": 5"#, model: "{}").strategy
        else {
            return #expect(Bool(false))
        }
        #expect(plain.draw == nil)
    }

    @Test func theModelsListSaysWhatIsFollowed() async throws {
        let client = APIClient(
            .saying([1]),
            generation: try Self.configuration(#"{"num_beams": 4, "min_length": 3, "top_h": 0.5, "eos_token_id": 1}"#)
        )
        let keys = await client.send(.get, "/v1/models").json["data"][0]["generation"]["keys"].items
        let effects = keys.map {
            "\($0["name"].asText ?? "") \($0["value"].asText ?? ""): \($0["effect"].asText ?? "")"
        }
        #expect(
            effects == [
                "eos_token_id 1: followed", "min_length 3: followed",
                "num_beams 4: followed where a request does not say", "top_h 0.5: without effect here",
            ]
        )
    }
}
