import Checkpoints
import SwitchModel
import Tensors
import Testing

private func read(_ config: String, _ generation: String? = nil) throws(ConfigurationError) -> SwitchConfiguration {
    try SwitchConfiguration(config: Array(config.utf8), generation: generation.map { Array($0.utf8) })
}

/// The error for a `config.json` that holds `members` and a start token.
private func refusal(_ members: String, _ generation: String? = nil) -> ConfigurationError? {
    do {
        _ = try read(#"{"decoder_start_token_id": 0, \#(members)}"#, generation)
        return nil
    } catch {
        return error
    }
}

@Suite struct SwitchConfigurationTests {
    @Test func absentKeysMeanTheClassDefaults() throws {
        #expect(try read(#"{"decoder_start_token_id": 0}"#) == SwitchConfiguration(startToken: 0))
    }

    @Test func readsEveryKey() throws {
        let configuration = try read(
            #"""
            {"model_type": "switch_transformers", "vocab_size": 40, "d_model": 16, "d_ff": 24, "d_kv": 5,
             "num_heads": 3, "num_layers": 4, "num_decoder_layers": 3, "encoder_sparse_step": 2,
             "decoder_sparse_step": 0, "num_experts": 5, "expert_capacity": 2, "router_bias": true,
             "relative_attention_num_buckets": 8, "relative_attention_max_distance": 20,
             "layer_norm_epsilon": 1e-5, "dense_act_fn": "relu", "tie_word_embeddings": false,
             "decoder_start_token_id": 3, "eos_token_id": [7, 9], "pad_token_id": 2, "dtype": "bfloat16"}
            """#,
            #"{"max_new_tokens": 64}"#
        )
        var expected = SwitchConfiguration(startToken: 3)
        expected.vocabularySize = 40
        expected.modelWidth = 16
        expected.feedForwardWidth = 24
        expected.headWidth = 5
        expected.heads = 3
        expected.encoderLayers = 4
        expected.decoderLayers = 3
        expected.encoderSparseStep = 2
        expected.decoderSparseStep = 0
        expected.experts = 5
        expected.expertCapacity = 2
        expected.routerBias = true
        expected.relativeBuckets = 8
        expected.relativeMaxDistance = 20
        expected.layerNormEpsilon = 1e-5
        expected.tieWordEmbeddings = false
        expected.scalesDecoderOutput = false
        expected.endTokens = [7, 9]
        expected.textEnd = [7]
        expected.padToken = 2
        expected.notes = [
            "generation_config.json names no start token: that of config.json, 3, is used",
            "generation_config.json names no end token: those of config.json, [7, 9], are used",
        ]
        #expect(configuration == expected)
        #expect(configuration.attentionWidth == 15)
    }

    @Test func readsTheNamesOlderAndNewerWritersUse() throws {
        let configuration = try read(
            #"""
            {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2, "torch_dtype": "float32",
             "feed_forward_proj": "relu", "is_gated_act": false, "router_type": "tokens_masked",
             "num_decoder_layers": null, "decoder_start_token_id": 0, "num_selected_experts": 1}
            """#
        )
        #expect(configuration.modelWidth == 32)
        #expect(configuration.heads == 4)
        #expect(configuration.encoderLayers == 2)
        #expect(configuration.decoderLayers == 2)
    }

    @Test func aSparseStepInTheFileWinsOverACountOfLayers() throws {
        let configuration = try read(
            #"""
            {"num_layers": 12, "num_sparse_encoder_layers": 6, "num_decoder_layers": 15,
             "num_sparse_decoder_layers": 15, "decoder_sparse_step": 0, "decoder_start_token_id": 0}
            """#
        )
        #expect(configuration.encoderSparseStep == 2)
        #expect(configuration.decoderSparseStep == 0)
    }

    @Test(
        arguments: [
            (step: 0, sparse: []), (step: 1, sparse: [0, 1, 2, 3, 4, 5]), (step: 2, sparse: [1, 3, 5]),
            (step: 3, sparse: [1, 4]), (step: 6, sparse: [1]),
        ] as [(step: Int, sparse: [Int])]
    )
    func sparseBlocksFollowTheStep(step: Int, sparse: [Int]) throws {
        var configuration = SwitchConfiguration(startToken: 0)
        configuration.encoderLayers = 6
        configuration.encoderSparseStep = step
        #expect(configuration.sparseBlocks(in: .encoder) == sparse)
    }

    @Test func denseRelativesHaveTheirOwnDefaults() throws {
        let t5 = try read(#"{"model_type": "t5", "decoder_start_token_id": 0, "num_experts": 9}"#)
        #expect((t5.modelWidth, t5.encoderLayers, t5.heads) == (512, 6, 8))
        #expect(t5.sparseBlocks(in: .encoder).isEmpty && t5.expertParameterCount == 0)
        #expect(t5.feedForward == FeedForwardKind() && t5.scalesDecoderOutput)
        let mt5 = try read(#"{"model_type": "mt5", "decoder_start_token_id": 0}"#)
        #expect((mt5.vocabularySize, mt5.decoderLayers, mt5.heads, mt5.feedForwardWidth) == (250_112, 8, 6, 1024))
        #expect(mt5.feedForward == FeedForwardKind(activation: .geluTanh, isGated: true))
        #expect(!mt5.scalesDecoderOutput)
    }

    @Test(arguments: [
        (#""tie_word_embeddings": false"#, false), (#""tie_word_embeddings": true"#, true),
        (#""scale_decoder_outputs": false"#, false),
        (#""scale_decoder_outputs": true, "tie_word_embeddings": false"#, true),
    ])
    func t5ScalesWhenItWasTied(members: String, scales: Bool) throws {
        let t5 = try read(#"{"model_type": "t5", "decoder_start_token_id": 0, \#(members)}"#)
        #expect(t5.scalesDecoderOutput == scales)
    }

    @Test(arguments: [
        ("relu", Activation.relu, false), ("gated-gelu", .geluTanh, true), ("gated-silu", .silu, true),
        ("gelu_new", .geluTanh, false), ("gelu", .gelu, false), ("gated-relu", .relu, true),
    ])
    func feedForwardsAreNamedAsT5NamesThem(name: String, activation: Activation, isGated: Bool) throws {
        let t5 = try read(#"{"model_type": "t5", "decoder_start_token_id": 0, "feed_forward_proj": "\#(name)"}"#)
        #expect(t5.feedForward == FeedForwardKind(activation: activation, isGated: isGated))
    }

    @Test func generationConfigWins() throws {
        let configuration = try read(
            #"{"decoder_start_token_id": 1, "eos_token_id": 1, "pad_token_id": 0}"#,
            #"{"decoder_start_token_id": 5, "eos_token_id": [6], "pad_token_id": 7, "bos_token_id": 8}"#
        )
        #expect(configuration.startToken == 5)
        #expect(configuration.endTokens == [6])
        #expect(configuration.textEnd == [1])
        #expect(configuration.padToken == 7)
    }

    @Test func anyStartOfGenerationConfigWins() throws {
        let configuration = try read(#"{"decoder_start_token_id": 1}"#, #"{"bos_token_id": 8, "eos_token_id": 1}"#)
        #expect(configuration.startToken == 8)
        #expect(configuration.notes.isEmpty)
    }

    @Test func noEndTokenIsAllowedWhenSaid() throws {
        let configuration = try read(#"{"decoder_start_token_id": 4, "eos_token_id": null, "pad_token_id": null}"#)
        #expect(configuration.endTokens == [])
        #expect(configuration.textEnd == [])
        #expect(configuration.padToken == 4)
    }

    @Test func aMissingStartTokenIsRefused() {
        #expect(throws: ConfigurationError.noStartToken) { try read("{}") }
        #expect(throws: ConfigurationError.noStartToken) { try read(#"{"decoder_start_token_id": null}"#, "{}") }
    }

    @Test func thePaddingTokenStandsInForAMissingStartTokenAndItIsNoted() throws {
        let configuration = try read(#"{"pad_token_id": 3}"#, #"{"eos_token_id": 1}"#)
        #expect(configuration.startToken == 3)
        #expect(configuration.notes.count == 1)
        #expect(try read(#"{"pad_token_id": 3, "decoder_start_token_id": 4}"#).notes == [])
    }

    @Test(arguments: [
        "vocab_size", "d_model", "d_ff", "d_kv", "num_heads", "num_layers", "num_decoder_layers", "num_experts",
        "expert_capacity", "relative_attention_num_buckets", "relative_attention_max_distance",
    ])
    func sizesThatCannotBeAreRefused(key: String) {
        for value in [0, -1, Int.max] {
            guard case .outOfRange("config.json", key, value, _) = refusal("\"\(key)\": \(value)") else {
                Issue.record("\(key) \(value) gave \(String(describing: refusal("\"\(key)\": \(value)")))")
                continue
            }
        }
        for value in ["\"8\"", "8.0", "true", "[8]", "{}", "9223372036854775808"] {
            guard case .wrongKind("config.json", key, "a whole number", _) = refusal("\"\(key)\": \(value)") else {
                Issue.record("\(key) \(value) gave \(String(describing: refusal("\"\(key)\": \(value)")))")
                continue
            }
        }
    }

    @Test(arguments: ["num_experts_per_tok", "num_selected_experts"])
    func aTokenGoesToOneExpertOrMoreUpToAll(key: String) throws {
        for choices in [1, 2, 5] {
            let text = #"{"decoder_start_token_id": 0, "num_experts": 5, "\#(key)": \#(choices)}"#
            #expect(try read(text).choices == choices)
        }
        for choices in [0, -1, 6, Int.max] {
            #expect(
                refusal(#""num_experts": 5, "\#(key)": \#(choices)"#)
                    == .outOfRange(file: "config.json", key: key, value: choices, allowed: 1...5)
            )
        }
    }

    @Test func twoNamesOfTheChoicesMustAgree() {
        #expect(refusal(#""num_experts_per_tok": 2, "num_selected_experts": 2"#) == nil)
        #expect(
            refusal(#""num_experts_per_tok": 2, "num_selected_experts": 1"#)
                == .contradiction(
                    file: "config.json",
                    key: "num_experts_per_tok",
                    value: "2",
                    otherKey: "num_selected_experts",
                    otherValue: "1"
                )
        )
    }

    @Test func noExpertsAreNeededWithoutSparseBlocks() throws {
        let dense = #""encoder_sparse_step": 0, "decoder_sparse_step": 0, "num_experts": 0"#
        #expect(refusal(dense) == nil)
    }

    @Test(arguments: [
        (
            #""relative_attention_num_buckets": 256"#,
            ConfigurationError.bucketsPastDistance(buckets: 256, maxDistance: 128)
        ),
        (
            #""num_heads": 16777216, "d_kv": 2"#,
            .attentionTooWide(heads: 16_777_216, headWidth: 2, limit: 16_777_216)
        ),
        (
            #""d_model": 8, "hidden_size": 9"#,
            .contradiction(file: "config.json", key: "d_model", value: "8", otherKey: "hidden_size", otherValue: "9")
        ),
        (
            #""dense_act_fn": "tanh""#,
            .unsupported(
                file: "config.json",
                key: "dense_act_fn",
                value: "'tanh'",
                expected: "'gelu' or 'gelu_fast' or 'gelu_new' or 'gelu_pytorch_tanh' or 'relu' or 'silu' or 'swish'"
            )
        ),
        (
            #""router_dtype": "bfloat16""#,
            .unsupported(file: "config.json", key: "router_dtype", value: "'bfloat16'", expected: "'float32'")
        ),
        (
            #""model_type": "bart""#,
            .unsupported(
                file: "config.json",
                key: "model_type",
                value: "'bart'",
                expected: "'switch_transformers' or 't5' or 'mt5' or 'umt5'"
            )
        ),
        (#""layer_norm_epsilon": 0"#, .epsilonOutOfRange(file: "config.json", value: 0)),
        (#""layer_norm_epsilon": 1e-300"#, .epsilonOutOfRange(file: "config.json", value: 1e-300)),
        (#""eos_token_id": 32128"#, .tokenOutsideVocabulary(key: "eos_token_id", token: 32128, vocabularySize: 32128)),
        (#""eos_token_id": [1, -1]"#, .tokenOutsideVocabulary(key: "eos_token_id", token: -1, vocabularySize: 32128)),
        (
            #""vocab_size": 1"#,
            .tokenOutsideVocabulary(key: "eos_token_id", token: 1, vocabularySize: 1)
        ),
        (
            #""eos_token_id": 1.5"#,
            .wrongKind(
                file: "config.json",
                key: "eos_token_id",
                expected: "a token id or a list of them",
                found: "1.5"
            )
        ),
        (
            #""tie_word_embeddings": 1"#,
            .wrongKind(file: "config.json", key: "tie_word_embeddings", expected: "true or false", found: "1")
        ),
    ])
    func contradictionsAndUnknownKindsAreNamed(members: String, error: ConfigurationError) {
        #expect(refusal(members) == error)
    }

    @Test func valuesNestedTooDeeplyAreRefused() throws {
        func nested(_ depth: Int) -> String {
            let list = String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
            return #"{"decoder_start_token_id": 0, "eos_token_id": 1, "x": \#(list)}"#
        }
        #expect(throws: Never.self) { try read(nested(32)) }
        #expect(throws: ConfigurationError.self) { try read(nested(33)) }
    }

    @Test(arguments: [
        "", "[]", "{", "{}{}", #"{"layer_norm_epsilon": NaN}"#, #"{"d_model": 8, "d_model": 8}"#,
        #"{"a":"# + String(repeating: "[", count: 32) + String(repeating: "]", count: 32) + "}",
        String(repeating: #"{"a":"#, count: 33) + "1" + String(repeating: "}", count: 33),
    ])
    func textThatIsNotOneObjectIsRefused(text: String) {
        guard
            case .malformedJSON("config.json", _) = #expect(
                throws: ConfigurationError.self,
                performing: { try read(text) }
            )
        else {
            Issue.record("not refused as malformed JSON")
            return
        }
    }

    @Test func aHugeFileIsRefused() {
        let text = "{" + String(repeating: " ", count: SwitchConfiguration.maximumFileBytes) + "}"
        let found = SwitchConfiguration.maximumFileBytes + 2
        let limit = SwitchConfiguration.maximumFileBytes
        #expect(throws: ConfigurationError.unreadable(.tooLarge(file: "config.json", limit: limit, found: found))) {
            try read(text)
        }
    }

    @Test func refusalsAreSentences() {
        #expect(
            refusal(#""d_model": 0"#)?.description
                == "'d_model' in config.json is 0, expected 1 to 16777216"
        )
    }
}
