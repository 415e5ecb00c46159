import Batching
import Generation
import JSON
import Testing

@testable import InferenceAPI

@Suite struct CrossAttentionTests {
    /// Attends to token `i` of the prompt for token `i` of the output.
    private static var engine: ScriptedEngine {
        ScriptedEngine { request, _ in
            var next = 0
            return ScriptedEngine.events(of: request, saying: [3, 4, 1]).map { event in
                guard case .token(var token) = event, request.crossAttentionBlock != nil else { return event }
                token.crossAttention = request.prompt.indices.map { $0 == next ? 0.75 : 0 }
                next += 1
                return .token(token)
            }
        }
    }

    @Test func weightsComeWhenTheyAreAskedFor() async {
        let client = APIClient(Self.engine)
        let asked = #"{"prompt": "the cat", "max_tokens": 2, "return_cross_attention": true}"#
        let attention = await client.post("/v1/route", asked).json["cross_attention"]
        #expect(attention["block"] == .integer(0) && attention["blocks"] == .integer(1))
        #expect(attention["weights"].items.map { $0.items.map(\.asNumber) } == [[0.75, 0, 0], [0, 0.75, 0]])
        #expect(client.engine.requests[0].crossAttentionBlock == 0)
    }

    @Test(arguments: ["", #", "return_cross_attention": false"#, #", "return_cross_attention": null"#])
    func elseNothingIsSaidOfThem(member: String) async {
        let client = APIClient(Self.engine)
        let json = await client.post("/v1/route", #"{"prompt": "the cat", "max_tokens": 2\#(member)}"#).json
        #expect(!json.names.contains("cross_attention"))
        #expect(client.engine.requests[0].crossAttentionBlock == nil)
    }

    @Test func ofNoOutputThereAreNoWeights() async {
        let json = await APIClient(Self.engine).post("/v1/route", #"{"prompt": "a", "return_cross_attention": true}"#)
            .json
        #expect(json["cross_attention"]["weights"] == .array([]))
    }

    @Test(arguments: [
        (#""return_cross_attention": 1"#, "return_cross_attention"),
        (#""return_cross_attention": true, "cross_attention_block": 1"#, "cross_attention_block"),
        (#""return_cross_attention": true, "cross_attention_block": -1"#, "cross_attention_block"),
    ])
    func wrongOnesAreNamed(members: String, parameter: String) async {
        let answer = await APIClient(Self.engine).post("/v1/route", #"{"prompt": "a", \#(members)}"#)
        #expect(answer.status == 400 && answer.error.param == parameter)
    }

    @Test func aLanguageModelHasNone() async {
        let client = APIClient(Self.engine, architecture: .languageModel)
        let answer = await client.post("/v1/route", #"{"prompt": "the", "return_cross_attention": true}"#)
        #expect(answer.status == 400 && answer.error.message.contains("needs an encoder"))
    }

    @Test func moreThanOneAnswerMayHoldIsRefused() async {
        var configuration = APIConfiguration()
        configuration.maximumAttentionWeights = 12
        let client = APIClient(Self.engine, configuration: configuration)
        func status(_ tokens: Int) async -> Int {
            let json = #"{"prompt": "the cat", "max_tokens": \#(tokens), "return_cross_attention": true}"#
            return await client.post("/v1/route", json).status
        }
        #expect(await status(4) == 200)
        #expect(await status(5) == 400)
    }
}
