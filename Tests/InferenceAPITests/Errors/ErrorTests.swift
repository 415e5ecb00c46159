import Batching
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

@Suite struct ErrorTests {
    @Test(
        arguments: [
            (AdmissionError.queueFull(.requests(limit: 256), retryAfter: .seconds(7)), 503, "7", "queue_full"),
            (.queueFull(.tokens(limit: 256), retryAfter: .seconds(1)), 503, "1", "queue_full"),
            (.draining, 503, "1", "draining"),
            (.promptTooLong(tokens: 9, limit: 8), 400, nil, "context_length_exceeded"),
            (.tooManyRows(rows: 9, limit: 8), 400, nil, "invalid_parameter"),
            (.cacheTooLarge(bytes: 9, limit: 8), 400, nil, "context_length_exceeded"),
        ] as [(AdmissionError, Int, String?, String)]
    )
    func aRefusedRequestIsAnswered(error: AdmissionError, status: Int, retryAfter: String?, code: String) async {
        let client = APIClient(ScriptedEngine { _, _ throws(AdmissionError) in throw error })
        for stream in [false, true] {
            let answer = await client.complete(#"{"prompt": "a", "stream": \#(stream)}"#)
            #expect(answer.status == status)
            #expect(answer.response.fields[.retryAfter] == retryAfter)
            #expect(answer.response.fields[.retryAfterMilliseconds] == retryAfter.map { $0 + "000" })
            #expect(answer.error.code == code)
        }
    }

    @Test(
        arguments: [
            (Duration.milliseconds(1500), "2", "1500"), (.zero, "1", "1"), (.seconds(-3), "1", "1"),
            (.seconds(9000), "120", "120000"), (.milliseconds(999) + .microseconds(1), "1", "1000"),
        ]
    )
    func theAdviceIsNeverNothingAndNeverMoreThanClientsHeed(wait: Duration, seconds: String, milliseconds: String) {
        let advice = RetryAdvice(wait: wait)
        #expect(advice.seconds == seconds)
        #expect(advice.milliseconds == milliseconds)
    }

    @Test func aRequestThatCouldNotBeQueuedIsNotRead() async {
        let engine = ScriptedEngine.saying([1])
        engine.fill(with: .queueFull(.requests(limit: 1), retryAfter: .seconds(3)))
        let answer = await APIClient(engine).complete("not even JSON")
        #expect(answer.status == 503)
        #expect(answer.response.fields[.retryAfter] == "3")
    }

    @Test func whenOnePromptIsRefusedTheOthersAreCancelled() async {
        let engine = ScriptedEngine { request, number throws(AdmissionError) in
            if number == 2 { throw .queueFull(.requests(limit: 1), retryAfter: .seconds(2)) }
            return ScriptedEngine.events(of: request, saying: [1])
        }
        let answer = await APIClient(engine).complete(#"{"prompt": ["a", "b", "c", "d"], "stream": true}"#)
        #expect(answer.status == 503)
        #expect(engine.cancelled == [0, 1])
        #expect(engine.requests.count == 3)
    }

    @Test(arguments: [("num_beams", "4"), ("best_of", "4"), ("n", "4")])
    func tooManyRowsNamesTheParameterThatAskedForThem(name: String, value: String) async {
        let client = APIClient(
            ScriptedEngine { request, _ throws(AdmissionError) in throw .tooManyRows(rows: request.rows, limit: 3) }
        )
        let answer = await client.complete("{\"prompt\": \"a\", \"\(name)\": \(value)}")
        #expect(answer.error.param == name)
        #expect(answer.error.message.contains("4"))
    }

    @Test(
        arguments: [
            (GenerationFailure.deadline, 504, "deadline_exceeded"), (.notANumber, 500, "not_a_number"),
            (.nothingAllowed, 400, "nothing_allowed"), (.shuttingDown, 503, "shutting_down"),
        ] as [(GenerationFailure, Int, String?)]
    )
    func aFailedRequestIsAnswered(failure: GenerationFailure, status: Int, code: String?) async {
        let answer = await APIClient(ScriptedEngine { _, _ in [.failed(failure)] }).complete(#"{"prompt": ["a", "b"]}"#)
        #expect(answer.status == status)
        #expect(answer.error.code == code)
    }

    @Test func anUnknownModelIsNotFound() async {
        let answer = await APIClient(.saying([1])).complete(#"{"prompt": "a", "model": "gpt-4"}"#)
        #expect(answer.status == 404)
        #expect(answer.error == ("The model 'gpt-4' does not exist.", "model", "model_not_found"))
    }

    @Test func aLoadingModelIsUnavailable() async {
        let client = APIClient(.saying([1]), readiness: .loading(progress: 0.42), isLoaded: false)
        let answer = await client.complete(#"{"prompt": "a"}"#)
        #expect(answer.status == 503)
        #expect(answer.error.message == "The model is loading: 42 %.")
        #expect(answer.response.fields[.retryAfter] != nil)
    }

    @Test(
        arguments: [
            ("application/json", 200), ("Application/JSON; charset=utf-8", 200), (nil, 200), ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415), ("application/jsonx", 415), ("", 415),
        ] as [(String?, Int)]
    )
    func onlyJSONIsRead(type: String?, status: Int) async {
        var fields = HTTPFields()
        fields[.contentType] = type
        let client = APIClient(.saying([1]))
        #expect(await client.post("/v1/completions", #"{"prompt": "a"}"#, fields: fields).status == status)
    }

    @Test(arguments: [
        (RequestBodyError.tooLarge(limit: 10), 413), (.malformed, 400), (.timedOut, 408), (.disconnected, 499),
        (.malformedCoding, 400), (.tooDense(ratio: 100), 413), (.unsupportedCoding, 415),
    ])
    func aBodyThatCannotBeReadIsAnswered(error: RequestBodyError, status: Int) {
        let response = APIError.body(error).response
        #expect(response.status.code == status)
        #expect(response.fields[.acceptEncoding] == (status == 415 ? "gzip" : nil))
    }

    @Test func noMoreThanTwoHundredCharactersAreEchoed() async {
        let long = String(repeating: "é", count: 100_000)
        let client = APIClient(.saying([1]))
        for json in [
            #"{"prompt": "a", "model": "\#(long)"}"#, #"{"prompt": "a", "logit_bias": {"\#(long)": 1}}"#,
            #"{"prompt": "a", "\#(long)": 1, "n": "\#(long)"}"#, #"{"prompt": "a", "early_stopping": "\#(long)"}"#,
        ] {
            let answer = await client.complete(json)
            #expect(answer.status == 400 || answer.status == 404)
            #expect(answer.error.message.unicodeScalars.count < 300)
        }
        let ignored = await client.complete(#"{"prompt": "a", "\#(long)": 1}"#).response.fields[.ignoredMembers]
        #expect(ignored.map { $0.utf8.count < 100 } == true)
    }

    @Test(arguments: ["", "[]", "{", #"{"prompt": "a",}"#])
    func aMalformedBodyIsABadRequest(json: String) async {
        let answer = await APIClient(.saying([1])).complete(json)
        #expect(answer.status == 400)
        #expect(answer.error.code == "invalid_json")
        #expect(answer.json["error"].names == ["code", "message", "param", "type"])
    }
}
