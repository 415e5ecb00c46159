import Batching
import Generation
import HTTPServing
import HTTPTypes
import JSON
import Testing

@testable import InferenceAPI

@Suite struct ParameterTests {
    private func send(_ member: String) async -> Answer {
        await APIClient(.saying([3, 4, 1])).complete(#"{"prompt": "the cat", \#(member)}"#)
    }

    /// What the engine was asked for a request with one more member.
    private func request(_ member: String) async throws -> GenerationRequest {
        let client = APIClient(.saying([3, 4, 1]))
        let answer = await client.complete(#"{"prompt": "the cat", \#(member)}"#)
        #expect(answer.status == 200, "\(answer.text)")
        return try #require(client.engine.requests.first)
    }

    @Test(arguments: [
        #""n": 1"#, #""n": 64"#, #""n": 3.0"#, #""n": null"#, #""best_of": 0"#, #""best_of": 64"#, #""best_of": null"#,
        #""max_tokens": 0"#, #""max_tokens": 1"#, #""max_tokens": 512"#, #""max_completion_tokens": 512"#,
        #""temperature": 0"#, #""temperature": 2"#,
        #""top_p": 0.0001"#, #""top_p": 1"#, #""top_p": 1e-300"#, #""top_k": -1"#, #""top_k": 0"#,
        #""top_k": 2147483647"#,
        #""min_p": 0"#, #""min_p": 1"#, #""typical_p": 0.1"#, #""typical_p": 1"#, #""repetition_penalty": 0.1"#,
        #""repetition_penalty": 100"#, #""frequency_penalty": -2"#, #""frequency_penalty": 2"#,
        #""presence_penalty": -2"#, #""presence_penalty": 2"#, #""no_repeat_ngram_size": 0"#,
        #""no_repeat_ngram_size": 65536"#, #""min_tokens": 0"#, #""min_tokens": 512"#, #""logprobs": 0"#,
        #""logprobs": 5"#, #""echo": true"#, #""seed": 9223372036854775807"#, #""seed": -9223372036854775808"#,
        #""stop": null"#, #""stop": []"#, #""stop": "a""#, #""stop": ["a", "b", "c", "d"]"#, #""stop_token_ids": []"#,
        #""stop_token_ids": [0, 41]"#, #""ignore_eos": true"#, #""skip_special_tokens": false"#,
        #""include_stop_str_in_output": true"#, #""return_token_ids": true"#, #""return_tokens_as_token_ids": true"#,
        #""return_routed_experts": true"#, #""decoder_prompt": "the""#, #""decoder_prompt": [3]"#,
        #""decoder_prompt": []"#, #""truncate_prompt_tokens": -1"#, #""truncate_prompt_tokens": 4096"#,
        #""timeout": 0.001"#, #""timeout": 86400"#, #""user": "u""#, #""suffix": "mat""#, #""logit_bias": {}"#,
        #""logit_bias": {"0": -100, "41": 100}"#, #""num_beams": 1"#, #""num_beams": 64"#, #""use_beam_search": true"#,
        #""length_penalty": -100"#, #""length_penalty": 100"#, #""early_stopping": true"#, #""early_stopping": false"#,
        #""early_stopping": "never""#, #""num_return_sequences": 64"#, #""stream": false"#, #""stream": null"#,
        #""stream": true, "stream_options": {"include_usage": true}"#, #""stream": true, "stream_options": null"#,
        #""model": "google/switch-toy""#, #""model": null"#, #""stream_options": null"#, #""max_new_tokens": 512"#,
        #""bad_words_ids": []"#, #""bad_words_ids": [[3], [4, 5, 41]]"#, #""bad_words": ["cat", "the cat"]"#,
        #""suppress_tokens": [0, 41]"#, #""suppress_tokens": null"#, #""begin_suppress_tokens": [3]"#,
        #""forced_bos_token_id": 41"#, #""forced_eos_token_id": 1"#, #""forced_eos_token_id": [1, 3]"#,
        #""encoder_no_repeat_ngram_size": 65536"#, #""encoder_repetition_penalty": 0.1"#,
        #""exponential_decay_length_penalty": [0, 1.5]"#, #""sequence_bias": [[[3, 4], -1.5], [[41], 2]]"#,
        #""allowed_token_ids": [1, 3]"#, #""min_length": 600"#, #""do_sample": true, "num_beams": 4"#,
        #""do_sample": false"#, #""renormalize_logits": true"#, #""num_beam_groups": 1"#,
        #""response_format": {"type": "text"}"#, #""guided_json": null"#, #""structured_outputs": null"#,
        #""tools": [{}], "tool_choice": "auto""#,
    ])
    func acceptsValuesUpToTheLimits(member: String) async {
        let answer = await send(member)
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test(arguments: [
        ("n", "0"), ("n", "129"), ("n", "65"), ("n", "true"), ("n", "\"1\""), ("n", "1.5"), ("n", "1e300"),
        ("n", "[1]"),
        ("best_of", "-1"), ("best_of", "65"), ("best_of", "false"), ("max_tokens", "-1"),
        ("max_completion_tokens", "-1"),
        ("max_tokens", "true"), ("max_tokens", "1e30"), ("temperature", "-0.1"), ("temperature", "2.1"),
        ("temperature", "true"), ("temperature", "\"1\""), ("temperature", "1e300"), ("top_p", "0"), ("top_p", "1.01"),
        ("top_p", "{}"), ("top_k", "-2"), ("top_k", "1.5"), ("top_k", "2147483648"), ("min_p", "-0.1"),
        ("min_p", "1.1"),
        ("typical_p", "0"), ("typical_p", "1.1"), ("repetition_penalty", "0"), ("repetition_penalty", "101"),
        ("frequency_penalty", "-2.1"), ("frequency_penalty", "2.1"), ("presence_penalty", "-2.1"),
        ("presence_penalty", "2.1"), ("no_repeat_ngram_size", "-1"), ("no_repeat_ngram_size", "65537"),
        ("min_tokens", "-1"), ("min_tokens", "513"), ("logprobs", "-1"), ("logprobs", "6"), ("logprobs", "true"),
        ("echo", "1"), ("echo", "\"true\""), ("seed", "9223372036854775808"), ("seed", "-9223372036854775809"),
        ("seed", "1.5"), ("stop", "\"\""),
        ("stop", "[1]"), ("stop", "[null]"), ("stop", "1"), ("stop", #"["a","b","c","d","e"]"#),
        ("stop_token_ids", "[42]"), ("stop_token_ids", "[-1]"), ("stop_token_ids", "3"), ("stop_token_ids", "[true]"),
        ("ignore_eos", "0"), ("skip_special_tokens", "0"), ("include_stop_str_in_output", "1"),
        ("return_token_ids", "1"), ("return_tokens_as_token_ids", "1"), ("return_routed_experts", "1"),
        ("decoder_prompt", "[42]"), ("decoder_prompt", "7"), ("decoder_prompt", "[\"a\"]"),
        ("truncate_prompt_tokens", "0"), ("truncate_prompt_tokens", "-2"), ("truncate_prompt_tokens", "4097"),
        ("timeout", "0"), ("timeout", "-1"), ("timeout", "86401"), ("user", "1"), ("suffix", "1"), ("logit_bias", "[]"),
        ("logit_bias", #"{"42": 1}"#), ("logit_bias", #"{"a": 1}"#), ("logit_bias", #"{"-1": 1}"#),
        ("logit_bias", #"{"1": 101}"#), ("logit_bias", #"{"1": -101}"#), ("logit_bias", #"{"1": true}"#),
        ("num_beams", "0"), ("num_beams", "65"), ("use_beam_search", "1"), ("length_penalty", "100.5"),
        ("length_penalty", "1e300"), ("early_stopping", "1"), ("early_stopping", "\"sometimes\""),
        ("num_return_sequences", "0"), ("stream", "1"), ("stream", "\"true\""), ("stream_options", "{}"),
        ("stream_options", "true"), ("model", "1"), ("max_new_tokens", "-1"), ("bad_words_ids", "[3]"),
        ("bad_words_ids", "[[]]"), ("bad_words_ids", "[[42]]"), ("bad_words_ids", "{}"), ("bad_words", "[3]"),
        ("bad_words", "\"cat\""), ("bad_words", "[\"\"]"), ("suppress_tokens", "[-1]"), ("suppress_tokens", "\"3\""),
        ("begin_suppress_tokens", "[42]"), ("forced_bos_token_id", "-1"), ("forced_bos_token_id", "[3]"),
        ("forced_bos_token_id", "1.5"), ("forced_eos_token_id", "42"), ("forced_eos_token_id", "[true]"),
        ("encoder_no_repeat_ngram_size", "-1"), ("encoder_repetition_penalty", "0"),
        ("exponential_decay_length_penalty", "[1]"), ("exponential_decay_length_penalty", "[1, 0]"),
        ("exponential_decay_length_penalty", "[-1, 1.5]"), ("exponential_decay_length_penalty", "1.5"),
        ("sequence_bias", "{}"), ("sequence_bias", "[[3, 1]]"), ("sequence_bias", "[[[3], \"1\"]]"),
        ("sequence_bias", "[[[], 1]]"), ("sequence_bias", "[[[42], 1]]"), ("sequence_bias", "[[[3], 1e300]]"),
        ("allowed_token_ids", "[]"), ("allowed_token_ids", "[42]"), ("min_length", "-1"), ("do_sample", "1"),
        ("renormalize_logits", "1"), ("num_beam_groups", "2"), ("response_format", "{\"type\": \"json_object\"}"),
        ("response_format", "\"text\""), ("guided_json", "{}"), ("guided_regex", "\"a\""), ("structured_outputs", "{}"),
        ("tool_choice", "\"required\""), ("tool_choice", "{}"),
    ])
    func refusesValuesBeyondTheLimitsNamingTheParameter(name: String, value: String) async {
        let answer = await send("\"\(name)\": \(value)")
        #expect(answer.status == 400)
        #expect(answer.error.param == name)
        #expect(answer.error.message.contains("'\(name)'"), "\(answer.text)")
        #expect(answer.json["error"].names == ["code", "message", "param", "type"])
    }

    @Test(arguments: [
        (#""n": 3, "num_beams": 2"#, "n"), (#""best_of": 2, "n": 3"#, "best_of"),
        (#""n": 2, "num_return_sequences": 3"#, "num_return_sequences"),
        (#""echo": true, "logprobs": 1"#, "logprobs"), (#""stream": true, "n": 1, "best_of": 2"#, "best_of"),
        (#""max_tokens": 4, "min_tokens": 5"#, "min_tokens"),
        (#""max_tokens": 4, "max_new_tokens": 5"#, "max_new_tokens"),
        (#""do_sample": true, "temperature": 0"#, "temperature"),
        (#""stream": true, "stream_options": {"include_usage": 1}"#, "stream_options.include_usage"),
    ])
    func refusesWhatContradictsItself(members: String, parameter: String) async {
        let answer = await send(members)
        #expect(answer.status == 400)
        #expect(answer.error.param == parameter)
    }

    @Test(arguments: [
        "null", "[]", "[[]]", "{}", "1", "true", "[42]", "[-1]", "[1.5]", "[true]", "[null]", "[[1], \"a\", 3]",
        "[\"a\", 1]",
        "[1, \"a\"]", "[[[1]]]", "[[42]]", "[1e300]",
    ])
    func refusesOtherPrompts(prompt: String) async {
        let answer = await APIClient(.saying([1])).complete("{\"prompt\": \(prompt)}")
        #expect(answer.status == 400)
        #expect(answer.error.param == "prompt")
    }

    @Test(
        arguments: [
            ("\"the cat\"", [[3, 4, 1]]), ("[\"the\", \"cat\"]", [[3, 1], [4, 1]]), ("[3, 4]", [[3, 4]]),
            ("[[3], [4, 5]]", [[3], [4, 5]]), ("\"\"", [[10, 1]]), ("[3.0]", [[3]]),
            ("[\"the\", [5]]", [[3, 1], [5]]),
        ] as [(String, [[Int32]])]
    )
    func textGetsAnEndTokenAndIdsAreTakenAsTheyAre(prompt: String, tokens: [[Int32]]) async {
        let client = APIClient(.saying([1]))
        #expect(await client.complete("{\"prompt\": \(prompt)}").status == 200)
        #expect(client.engine.requests.map(\.prompt) == tokens)
    }

    @Test(arguments: ["/v1/completions", "/v1/beam_search", "/v1/route", "/tokenize"])
    func textThatNoPromptCouldBeIsRefusedUnread(path: String) async {
        var limits = EngineLimits()
        limits.maximumInputTokens = 4
        let client = APIClient(.saying([1], limits: limits))
        let fits = String(repeating: " ", count: 4 * 64 - 1) + "a"
        #expect(await client.post(path, #"{"prompt": "\#(fits)", "max_tokens": 1}"#).status == 200)
        let answer = await client.post(path, #"{"prompt": "\#(fits)b", "max_tokens": 1}"#)
        #expect(answer.status == 400)
        #expect(answer.error.code == "context_length_exceeded")
    }

    @Test func aLargeBodyIsReadAsASmallOne() async {
        var configuration = APIConfiguration()
        configuration.largeBody = 10
        let aside = APIClient(.saying([3, 1]), configuration: configuration)
        let body = #"{"prompt": "the cat", "max_tokens": 4}"#
        let answers = (await aside.complete(body), await APIClient(.saying([3, 1])).complete(body))
        #expect(answers.0.status == 200)
        #expect(answers.0.json["choices"] == answers.1.json["choices"])
        #expect(await aside.complete(#"{"prompt": 7, "max_tokens": 4}"#).error.param == "prompt")
    }

    @Test func aTextOfAnyLengthCanBeTruncated() async {
        var limits = EngineLimits()
        limits.maximumInputTokens = 4
        let client = APIClient(.saying([1], limits: limits))
        let text = String(repeating: "é", count: 500) + " the cat sat"
        let body = #"{"prompt": "\#(text)", "truncate_prompt_tokens": 3, "max_tokens": 1}"#
        #expect(await client.complete(body).status == 200)
        #expect(client.engine.requests.first?.prompt == [4, 5, 1])
    }

    @Test func truncationKeepsTheLastTokens() async throws {
        #expect(try await request(#""truncate_prompt_tokens": 2"#).prompt == [4, 1])
    }

    @Test func anEncoderDecoderIsGreedyByDefault() async throws {
        let request = try await request(#""user": null"#)
        #expect(request.stop.maximumTokens == EngineLimits().maximumOutputTokens)
        #expect(request.constraints == LogitsConstraints())
        #expect(request.topLogprobs == nil)
        guard case .sample(let sampling) = request.strategy else { return #expect(Bool(false)) }
        #expect(sampling.pick == .greedy)
        #expect(sampling.draws == 1 && sampling.returned == 1)
    }

    @Test(arguments: [
        (#""suppress_tokens": [3], "forced_bos_token_id": 3"#, "forced at the start and suppressed"),
        (#""suppress_tokens": [1, 3], "forced_eos_token_id": [1, 3]"#, "forced at the end and suppressed"),
        (#""allowed_token_ids": [3], "suppress_tokens": [3]"#, "every token that is allowed is suppressed"),
        (#""allowed_token_ids": [3], "forced_bos_token_id": 4"#, "not allowed"),
    ])
    func constraintsThatNothingCanMeetAreRefusedAtOnce(members: String, reason: String) async {
        let answer = await send(members)
        #expect(answer.status == 400)
        #expect(answer.error.code == "nothing_allowed")
        #expect(answer.error.message.contains(reason), "\(answer.text)")
    }

    @Test func temperatureZeroIsGreedy() async throws {
        guard case .sample(let sampling) = try await request(#""temperature": 0, "seed": 5"#).strategy else {
            return #expect(Bool(false))
        }
        #expect(sampling.pick == .greedy)
        #expect(sampling.seed == 5)
    }

    @Test(arguments: [
        (#""num_beams": 3"#, 3, 1), (#""use_beam_search": true, "n": 3"#, 3, 3),
        (#""use_beam_search": true, "n": 2, "best_of": 4"#, 4, 2),
        (#""num_beams": 4, "num_return_sequences": 2"#, 4, 2),
        (#""num_beams": 4, "temperature": 0.5, "n": 4"#, 4, 4),
    ])
    func beamsComeFromEitherName(members: String, beams: Int, returned: Int) async throws {
        guard case .beam(let beam) = try await request(members).strategy else { return #expect(Bool(false)) }
        #expect(beam.beams == beams)
        #expect(beam.returned == returned)
    }

    @Test(arguments: [
        ("true", BeamParameters.EarlyStopping.whenFull), ("false", .heuristic), ("\"never\"", .never),
    ])
    func earlyStoppingIsNamedAsInTransformers(value: String, expected: BeamParameters.EarlyStopping) async throws {
        guard case .beam(let beam) = try await request(#""num_beams": 2, "early_stopping": \#(value)"#).strategy else {
            return #expect(Bool(false))
        }
        #expect(beam.earlyStopping == expected)
    }

    @Test func everyPromptGetsItsOwnSeedUnlessOneIsGiven() async {
        func seeds(_ members: String) async -> Set<UInt64> {
            let client = APIClient(.saying([1]))
            _ = await client.complete(#"{"prompt": ["a", "b"]\#(members)}"#)
            return Set(
                client.engine.requests.compactMap {
                    if case .sample(let sampling) = $0.strategy { sampling.seed } else { nil }
                }
            )
        }
        #expect(await seeds("").count == 2)
        #expect(await seeds(#", "seed": -1"#) == [.max])
    }

    @Test func theTimeoutIsNeverLongerThanTheServers() async throws {
        var configuration = APIConfiguration()
        configuration.requestTimeout = .seconds(10)
        let client = APIClient(.saying([1]), configuration: configuration)
        let start = ContinuousClock.now
        _ = await client.complete(#"{"prompt": "a", "timeout": 3600}"#)
        _ = await client.complete(#"{"prompt": "a", "timeout": 5}"#)
        let deadlines = client.engine.deadlines.compactMap { $0 }
        let end = ContinuousClock.now
        #expect(deadlines[0] >= start + .seconds(10) && deadlines[0] <= end + .seconds(10))
        #expect(deadlines[1] >= start + .seconds(5) && deadlines[1] <= end + .seconds(5))
    }

    @Test func unknownMembersAreNamedInTheAnswersHead() async {
        let json = #"{"prompt": "a", "zeta": 1, "stream": true, "stream_options": {"odd": 1}, "al, pha": "secret"}"#
        let answer = await APIClient(.saying([1])).complete(json)
        #expect(answer.status == 200)
        #expect(answer.response.fields[.ignoredMembers] == "al%2C%20pha, zeta, stream_options.odd")
        let plain = await APIClient(.saying([1])).complete(#"{"prompt": "a", "zeta": null}"#)
        #expect(plain.response.fields[.ignoredMembers] == "zeta")
        #expect(await send(#""n": 1"#).response.fields[.ignoredMembers] == nil)
    }

    @Test func aStrictServerRefusesUnknownMembers() async {
        var configuration = APIConfiguration()
        configuration.isStrict = true
        let client = APIClient(.saying([1]), configuration: configuration)
        let answer = await client.complete(#"{"prompt": "a", "zeta": 1, "store": true}"#)
        #expect(answer.status == 400)
        #expect(answer.error.code == "unknown_parameter")
        #expect(answer.error.message.contains("store, zeta"))
        #expect(client.engine.requests.isEmpty)
        #expect(await client.complete(#"{"prompt": "a"}"#).status == 200)
    }
}
