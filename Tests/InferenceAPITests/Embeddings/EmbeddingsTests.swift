import Batching
import Foundation
import Generation
import HTTPServing
import HTTPTypes
import JSON
import SwitchModel
import Testing

@testable import InferenceAPI

@Suite struct EmbeddingsTests {
    /// Each prompt's embedding is 3, 4 times its number, from 1; later prompts are done first.
    private static var engine: ScriptedEngine {
        ScriptedEngine { _, number in
            let scale = Float(number + 1)
            return [.encoded(routes: []), .embedding([3 * scale, 4 * scale]), .completed(GenerationTimings())]
        }
    }

    private let client = APIClient(engine)

    private func embed(_ json: String) async -> Answer { await client.post("/v1/embeddings", json) }

    @Test func everyInputHasItsEmbeddingInOrder() async {
        let answer = await embed(#"{"input": [[3, 4, 1], [5]], "normalize": false}"#)
        #expect(answer.status == 200)
        #expect(answer.json["object"] == .string("list") && answer.json["model"] == .string("google/switch-toy"))
        #expect(answer.json["data"].items.map { $0["index"] } == [.integer(0), .integer(1)])
        let found = answer.json["data"].items.map { $0["embedding"].items.map(\.asNumber) }
        #expect(found == [[3, 4], [6, 8]])
        #expect(answer.json["usage"]["prompt_tokens"] == .integer(4))
        #expect(answer.json["usage"]["total_tokens"] == .integer(4))
        #expect(client.engine.requests.map(\.prompt) == [[3, 4, 1], [5]])
        #expect(client.engine.requests.allSatisfy { $0.strategy == .embedding(.sentence) && $0.rows == 0 })
    }

    @Test func lengthIsOneUnlessAskedOtherwise() async throws {
        let answer = await embed(#"{"input": [3]}"#)
        let elements = answer.json["data"][0]["embedding"].items.compactMap(\.asNumber)
        #expect(elements.count == 2 && abs(elements[0] - 0.6) < 1e-6 && abs(elements[1] - 0.8) < 1e-6)
        #expect(EmbeddingVector([0, 0]).normalized.elements == [0, 0])
    }

    @Test func base64IsLittleEndianFloats() async {
        let answer = await embed(#"{"input": [3], "encoding_format": "base64", "normalize": false}"#)
        let bytes: [UInt8] = [0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40]
        #expect(answer.json["data"][0]["embedding"] == .string(Data(bytes).base64EncodedString()))
    }

    @Test(arguments: [
        (#"{}"#, "input"), (#"{"input": null}"#, "input"), (#"{"input": []}"#, "input"), (#"{"input": 7}"#, "input"),
        (#"{"input": [[]]}"#, "input"), (#"{"input": [99999]}"#, "input"), (#"{"input": ["a", 1]}"#, "input"),
        (#"{"input": [3], "dimensions": 2}"#, "dimensions"), (#"{"input": [3], "normalize": 1}"#, "normalize"),
        (#"{"input": [3], "encoding_format": "int8"}"#, "encoding_format"),
        (#"{"input": [3], "encoding_format": 8}"#, "encoding_format"),
    ])
    func whatIsWrongIsNamed(json: String, parameter: String) async {
        let answer = await embed(json)
        #expect(answer.status == 400 && answer.error.param == parameter, "\(answer.text)")
        #expect(answer.error.message.contains("'\(parameter)'"))
        #expect(client.engine.requests.isEmpty)
    }

    @Test func aLanguageModelHasNone() async {
        let model = APIClient(Self.engine, architecture: .languageModel)
        let answer = await model.post("/v1/embeddings", #"{"input": [3]}"#)
        #expect(answer.status == 400 && answer.error.message.contains("encoder"))
    }

    @Test func membersOfCompletionsAreUnknownHere() async {
        let answer = await embed(#"{"input": [3], "prompt": "x", "max_tokens": 7, "user": "u"}"#)
        #expect(answer.status == 200)
        #expect(answer.response.fields[.ignoredMembers] == "max_tokens, prompt")
    }

    @Test func aFailureOfTheEngineIsTheAnswer() async {
        let failing = APIClient(ScriptedEngine { _, _ in [.failed(.notANumber)] })
        #expect(await failing.post("/v1/embeddings", #"{"input": [3]}"#).status == 500)
    }
}
