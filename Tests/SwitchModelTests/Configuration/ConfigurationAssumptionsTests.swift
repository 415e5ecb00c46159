import JSON
import SwitchModel
import Testing

@Suite struct ConfigurationAssumptionsTests {
    @Test func numbersAreNumbersAndEverythingElseIsText() throws {
        let assumptions = try ConfigurationAssumptions([
            "dense_act_fn=silu", "eos_token_id=2", "layer_norm_epsilon=1e-5",
        ])
        #expect(
            assumptions.members
                == ["dense_act_fn": .string("silu"), "eos_token_id": .integer(2), "layer_norm_epsilon": .real(1e-5)]
        )
    }

    @Test(arguments: ["dense_act_fn", "=1", "", "num_layers=3"]) func whatShapesTellIsNotAssumed(text: String) {
        #expect(throws: ConfigurationError.self) { try ConfigurationAssumptions([text]) }
    }

    @Test func umT5IsScaledUnlessItSaysThatNothingIsTied() throws {
        for (tied, scales) in [
            (#","tie_word_embeddings":false"#, false), (#","tie_word_embeddings":true"#, true), ("", true),
        ] {
            let text = #"{"model_type":"umt5","decoder_start_token_id":0\#(tied)}"#
            let configuration = try SwitchConfiguration(config: Array(text.utf8), generation: nil)
            #expect(configuration.scalesDecoderOutput == scales && configuration.biasInEveryBlock)
        }
    }
}
