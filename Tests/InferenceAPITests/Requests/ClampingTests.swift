import Generation
import HTTPServing
import HTTPTypes
import Testing

@testable import InferenceAPI

/// Requests for more tokens than the server gives.
@Suite struct ClampingTests {
    private static let requests = [
        ("/v1/completions", #""prompt": "a", "max_tokens""#, "max_tokens"),
        ("/v1/completions", #""prompt": "a", "max_new_tokens""#, "max_new_tokens"),
        ("/v1/completions", #""prompt": "a", "max_completion_tokens""#, "max_completion_tokens"),
        ("/v1/beam_search", #""prompt": "a", "max_tokens""#, "max_tokens"),
        ("/v1/route", #""prompt": "a", "max_tokens""#, "max_tokens"),
        ("/v1/chat/completions", #""messages": [{"role": "user", "content": "a"}], "max_tokens""#, "max_tokens"),
        (
            "/v1/chat/completions", #""messages": [{"role": "user", "content": "a"}], "max_completion_tokens""#,
            "max_completion_tokens"
        ),
        ("/v1/responses", #""input": "a", "max_output_tokens""#, "max_output_tokens"),
    ]

    @Test(arguments: requests)
    func theLimitHoldsAndTheClientIsTold(path: String, start: String, name: String) async {
        let client = APIClient(.saying([3, 1]))
        for (asked, header) in [("512", nil), ("513", "\(name)=512"), ("4611686018427387904", "\(name)=512")] {
            let answer = await client.post(path, "{\(start): \(asked)}")
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.response.fields[.clampedMembers] == header)
        }
        #expect(client.engine.requests.map(\.stop.maximumTokens) == [512, 512, 512])
    }

    @Test(arguments: requests)
    func aStrictServerRefusesThem(path: String, start: String, name: String) async {
        var configuration = APIConfiguration()
        configuration.isStrict = true
        let client = APIClient(.saying([1]), configuration: configuration)
        let answer = await client.post(path, "{\(start): 513}")
        #expect(answer.status == 400 && answer.error.param == name)
        #expect(answer.error.message.contains("'\(name)' must be an integer from"), "\(answer.text)")
        #expect(await client.post(path, "{\(start): 512}").status == 200)
    }

    @Test func namesOfTheSameNumberMustAgreeAlsoBeyondTheLimit() async {
        let answer = await APIClient(.saying([1])).complete(
            #"{"prompt": "a", "max_tokens": 600, "max_completion_tokens": 700}"#
        )
        #expect(answer.status == 400 && answer.error.param == "max_completion_tokens")
    }
}
