import Batching
import Checkpoints
import Foundation
import Generation
import HTTPServing
import HTTPTypes
import JSON
import SwitchModel
import Synchronization
import Testing

@testable import InferenceAPI

/// States of every token as a safetensors file, and the limits of all embeddings.
@Suite struct TokenStatesTests {
    /// States of two elements: the token, and its position.
    private static var engine: ScriptedEngine {
        ScriptedEngine { request, _ in
            let states = request.prompt.enumerated().flatMap { [Float($1), Float($0)] }
            return [
                .encoded(routes: []), .embedding(request.strategy == .embedding(.tokens) ? states : [3, 4]),
                .completed(GenerationTimings()),
            ]
        }
    }

    private func client(_ change: (inout APIConfiguration) -> Void = { _ in }) -> APIClient {
        var configuration = APIConfiguration()
        change(&configuration)
        return APIClient(
            Self.engine,
            configuration: configuration,
            embeddings: EmbeddingRules(stateWidth: 2, length: 2)
        )
    }

    private func list(_ count: Int) -> String {
        "[" + Array(repeating: "[3]", count: count).joined(separator: ",") + "]"
    }

    @Test func everyInputIsATensorOfTheFile() async throws {
        let json = #"{"input": [[3, 4, 1], [5]], "encoding_format": "safetensors"}"#
        let answer = await client().post("/v1/embeddings", json)
        #expect(answer.status == 200 && answer.response.fields[.contentType] == "application/octet-stream")
        let length = Int(answer.body[0]) | Int(answer.body[1]) << 8
        let header = JSONValue(parsing: Array(answer.body[8..<8 + length]))
        #expect(header["0"]["shape"] == .array([.integer(3), .integer(2)]) && header["0"]["dtype"] == .string("F32"))
        #expect(header["1"]["data_offsets"] == .array([.integer(24), .integer(32)]))
        let data = Array(answer.body[(8 + length)...])
        let floats = stride(from: 0, to: data.count, by: 4).map { start in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(data[start + $1]) << UInt32(8 * $1) })
        }
        #expect(floats == [3, 0, 4, 1, 1, 2, 5, 0])
    }

    @Test func statesAreNotScaled() async {
        let json = #"{"input": [3], "encoding_format": "safetensors", "normalize": true}"#
        let answer = await client().post("/v1/embeddings", json)
        #expect(answer.status == 400 && answer.error.param == "normalize")
        let other = json.replacing("true", with: "false")
        #expect(await client().post("/v1/embeddings", other).status == 200)
    }

    @Test func asManyInputsAsMayBeAreTakenInTurns() async throws {
        let client = client()
        let answer = await client.post("/v1/embeddings", #"{"input": \#(list(2048)), "encoding_format": "base64"}"#)
        #expect(answer.status == 200 && answer.json["data"].items.map { $0["index"].asInteger } == Array(0..<2048))
        #expect(client.engine.requests.count == 2048)
        let more = await client.post("/v1/embeddings", #"{"input": \#(list(2049))}"#)
        #expect(more.status == 400 && more.error.message.contains("has 2049 prompts, but at most 2048 are allowed"))
        #expect(more.error.param == "input")
    }

    @Test(arguments: [(5, 1000, 5), (32, 9, 3), (32, 2, 1)])
    func theEngineHasSomeOfThemAtOnce(inputs: Int, tokens: Int, expected: Int) throws {
        let engine = Self.engine
        let model = ServedModel(
            id: "m",
            created: 0,
            tokenizer: nil,
            vocabularySize: 10,
            endTokens: [1],
            systemFingerprint: "f"
        )
        var configuration = APIConfiguration()
        (configuration.embeddingsAtOnce, configuration.embeddingTokensAtOnce) = (inputs, tokens)
        let text = JSONValue.array([.integer(3), .integer(4), .integer(1)])
        let members: JSONObject = ["input": .array(Array(repeating: text, count: 300))]
        let setting = DialectSetting(model: model, configuration: configuration)
        let backend = InferenceBackend(model: model, engine: engine)
        var reader = CompletionReader(
            try EmbeddingsRequest(members, setting).plain,
            for: .embeddings,
            backend,
            configuration
        )
        let submission = try Submission.submit(try reader.parameters(), to: engine)
        #expect(engine.requests.count == expected)
        submission.cancel()
    }

    @Test func tokensOfAllInputsAreBounded() async {
        let client = client { $0.maximumEmbeddingTokens = 5 }
        #expect(await client.post("/v1/embeddings", #"{"input": [[3, 4], [3, 4, 1]]}"#).status == 200)
        let answer = await client.post("/v1/embeddings", #"{"input": [[3, 4, 4], [3, 4, 1]]}"#)
        #expect(answer.status == 400 && answer.error.message == "'input' comes to 6 tokens, but at most 5 are allowed.")
    }

    @Test func bytesOfAnAnswerAreBounded() async {
        let client = client { $0.maximumEmbeddingBytes = 48 }
        func states(_ input: String) -> String { #"{"input": \#(input), "encoding_format": "safetensors"}"# }
        #expect(await client.post("/v1/embeddings", states("[[3, 4], [1]]")).status == 200)
        let answer = await client.post("/v1/embeddings", states("[[3, 4], [3, 1]]"))
        #expect(answer.status == 400 && answer.error.message.contains("64 bytes in memory, but at most 48"))
    }

    @Test func memoryOfAllAnswersIsBounded() throws {
        let memory = EmbeddingMemory(limit: 10)
        var first: EmbeddingMemory.Share? = try memory.take(7)
        let second = try memory.take(3)
        #expect(throws: APIError.embeddingMemoryFull) { try memory.take(1) }
        withExtendedLifetime(first) {}
        first = nil
        let third = try memory.take(7)
        #expect(throws: APIError.embeddingMemoryFull) { try memory.take(1) }
        withExtendedLifetime((second, third)) {}
        #expect(APIError.embeddingMemoryFull.face.status == .serviceUnavailable)
        // What is larger than all of it has it alone.
        let alone = try EmbeddingMemory(limit: 10).take(11)
        withExtendedLifetime(alone) {}
    }

    @Test func aShareIsKeptUntilStatesAreSent() async throws {
        var configuration = APIConfiguration()
        configuration.embeddingMemory = 20
        let client = APIClient(
            Self.engine,
            configuration: configuration,
            embeddings: EmbeddingRules(stateWidth: 2, length: 2)
        )
        let json = #"{"input": [3], "encoding_format": "safetensors"}"#
        let route = try #require(client.routes.routes.first { $0.template == "/v1/embeddings" })
        var held: ServerResponse? = await route.respond(.post("/v1/embeddings", json))
        #expect(held?.status == .ok)
        #expect(await client.post("/v1/embeddings", json).status == 503)
        held = nil
        #expect(await client.post("/v1/embeddings", json).status == 200)
    }
}
