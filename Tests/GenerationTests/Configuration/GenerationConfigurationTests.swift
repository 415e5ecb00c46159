import SwitchModel
import Testing

@testable import Generation

@Suite struct GenerationConfigurationTests {
    private func read(_ json: String, file: String = "generation_config.json") throws -> GenerationConfiguration {
        var model = SwitchConfiguration(startToken: 0)
        model.vocabularySize = 100
        return try GenerationConfiguration(Array(json.utf8), file: file, model)
    }

    @Test func readsEveryKeyThatIsFollowed() throws {
        let configuration = try read(
            """
            {"bad_words_ids": [[3], [4, 5]], "sequence_bias": [[[6, 7], -1.5], [[8], 2]], "suppress_tokens": [9, 10],
             "begin_suppress_tokens": [11], "forced_bos_token_id": 12, "forced_eos_token_id": [13, 14],
             "no_repeat_ngram_size": 3, "encoder_no_repeat_ngram_size": 4, "min_length": 5, "repetition_penalty": 1.2,
             "encoder_repetition_penalty": 1.3, "exponential_decay_length_penalty": [15, 1.6], "renormalize_logits": true,
             "max_new_tokens": 70, "max_length": 80, "num_beams": 6, "length_penalty": 2, "early_stopping": "never",
             "do_sample": true, "temperature": 0.7, "top_k": 40, "top_p": 0.8, "min_p": 0.1, "typical_p": 0.9}
            """
        )
        var constraints = LogitsConstraints()
        constraints.badWords = [[3], [4, 5]]
        constraints.sequenceBias = [.init(tokens: [6, 7], bias: -1.5), .init(tokens: [8], bias: 2)]
        (constraints.suppressedTokens, constraints.suppressedFirstTokens) = ([9, 10], [11])
        (constraints.forcedFirstToken, constraints.forcedLastTokens) = (12, [13, 14])
        (constraints.noRepeatNgramSize, constraints.encoderNoRepeatNgramSize) = (3, 4)
        (constraints.minimumLength, constraints.renormalizes) = (5, true)
        (constraints.repetitionPenalty, constraints.encoderRepetitionPenalty) = (1.2, 1.3)
        constraints.lengthDecay = .init(start: 15, factor: 1.6)
        #expect(configuration.constraints == constraints)
        #expect(configuration.maximum == .newTokens(70))
        var defaults = PickingWords()
        (defaults.beams, defaults.lengthPenalty, defaults.earlyStopping, defaults.draws) = (6, 2, .never, true)
        (defaults.temperature, defaults.topK, defaults.topP) = (0.7, 40, 0.8)
        (defaults.minP, defaults.typicalP) = (0.1, 0.9)
        #expect(configuration.defaults == defaults)
    }

    @Test(arguments: [
        (#""num_beams": "4""#, "'num_beams' in generation_config.json is a string, expected a whole number"),
        (#""num_beams": 0"#, "'num_beams' in generation_config.json is 0, expected 1 to 2147483647"),
        (#""early_stopping": 1"#, "expected true, false or \"never\""),
        (#""suppress_tokens": [100]"#, "'suppress_tokens' is 100, expected a token from 0 to 99"),
        (#""suppress_tokens": [1.5]"#, "expected token ids"), (#""bad_words_ids": [[]]"#, "none of them empty"),
        (#""bad_words_ids": [3]"#, "none of them empty"),
        (#""sequence_bias": {"3": 1}"#, "pairs of token ids and a bias"),
        (#""forced_bos_token_id": [3]"#, "expected token ids"),
        (#""forced_eos_token_id": -1"#, "'forced_eos_token_id' is -1"),
        (#""exponential_decay_length_penalty": 1.5"#, "a number of tokens and a factor"),
        (#""repetition_penalty": 0"#, "'repetition_penalty' in generation_config.json is 0"),
        (#""top_p": 1.5"#, "'top_p' in generation_config.json is 1.5, expected 0.0 to 1.0"),
        (#""max_new_tokens": 0"#, "'max_new_tokens' in generation_config.json is 0"),
        (#""renormalize_logits": 1"#, "expected true or false"),
        (#""suppress_tokens": [7], "forced_bos_token_id": 7"#, "the token 7 is forced at the start and suppressed"),
        (#""suppress_tokens": [7], "forced_eos_token_id": 7"#, "the token 7 is forced at the end and suppressed"),
    ])
    func whatCannotBeFollowedIsOneSentence(member: String, sentence: String) throws {
        #expect { try read("{\(member)}") } throws: { "\($0)".contains(sentence) }
    }

    @Test func suppressingEverythingIsRefused() {
        let all = (0..<100).map(String.init).joined(separator: ",")
        #expect { try read("{\"suppress_tokens\": [\(all)]}") } throws: {
            "\($0)".contains("every token is suppressed")
        }
    }

    @Test func nullIsAsIfAbsent() throws {
        let configuration = try read(#"{"num_beams": null, "suppress_tokens": null, "max_length": null}"#)
        #expect(configuration.constraints == LogitsConstraints() && configuration.defaults == .init())
        #expect(configuration.maximum == nil && configuration.entries.isEmpty)
    }

    @Test func aConfigurationFileSpeaksOnlyOfWhatItSaysOfGeneration() throws {
        let configuration = try read(
            #"{"d_model": 8, "num_beams": 4, "top_h": 0.5, "eos_token_id": 1}"#,
            file: "config.json"
        )
        #expect(configuration.entries.map(\.key) == ["eos_token_id", "num_beams", "top_h"])
        #expect(configuration.source == "config.json")
        let own = try read(#"{"mystery": 1, "transformers_version": "5"}"#)
        #expect(own.entries == [.init(key: "mystery", value: "1", effect: .none)])
    }

    @Test func olderConfigurationsForceTheFirstTokenByAnotherName() throws {
        let members = #"{"force_bos_token_to_be_generated": true, "bos_token_id": 7}"#
        let older = try read(members, file: "config.json")
        #expect(older.constraints.forcedFirstToken == 7)
        #expect(older.entries.map(\.effect) == [.always, .always])
        #expect(try read(members).constraints.forcedFirstToken == nil)
    }

    @Test func temperatureZeroIsBeamSearchWhereTheModelDraws() throws {
        var asked = AskedStrategy()
        (asked.words.beams, asked.words.temperature) = (3, 0)
        let model = try read(#"{"do_sample": true}"#)
        let strategy = asked.strategy(model, .model, isLanguageModel: false, maximumRows: 8)
        guard case .beam(let beam) = strategy else { Issue.record("\(strategy)"); return }
        #expect(beam.beams == 3 && beam.draw == nil)
    }

    @Test func newTokensTakeLengthsPlace() throws {
        #expect(try read(#"{"min_length": 9, "min_new_tokens": 2}"#).constraints.minimumTokens == 2)
        let lengthOnly = try read(#"{"max_length": 10}"#)
        #expect(lengthOnly.maximumTokens(given: 4, limit: 100) == 6)
        #expect(lengthOnly.maximumTokens(given: 40, limit: 100) == 1)
        #expect(lengthOnly.maximumTokens(given: 1, limit: 3) == 3)
    }
}
