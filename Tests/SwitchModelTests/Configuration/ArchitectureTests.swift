import SwitchModel
import Testing

/// Which halves of a model there are, by the class that wrote its configuration.
@Suite struct ArchitectureTests {
    private func read(_ members: String) throws(ConfigurationError) -> SwitchConfiguration {
        try SwitchConfiguration(config: Array("{\(members)}".utf8), generation: nil)
    }

    @Test(
        arguments: [
            (#""model_type": "t5", "architectures": ["T5EncoderModel"], "is_encoder_decoder": false"#, .encoderOnly),
            (#""model_type": "t5", "architectures": ["T5EncoderModel"], "is_encoder_decoder": true"#, .encoderOnly),
            (#""model_type": "mt5", "architectures": ["MT5EncoderModel"]"#, .encoderOnly),
            (#""architectures": ["SwitchTransformersEncoderModel"], "is_encoder_decoder": false"#, .encoderOnly),
            (#""architectures": "SwitchTransformersEncoderModel""#, .encoderOnly),
            (#""pad_token_id": 0, "is_encoder_decoder": false"#, .decoderOnly),
            (#""pad_token_id": 0, "architectures": [], "is_encoder_decoder": false"#, .decoderOnly),
            (#""pad_token_id": 0, "architectures": ["SwitchTransformersForConditionalGeneration"]"#, .encoderDecoder),
            (#""pad_token_id": 0, "architectures": ["T5EncoderModel", "T5ForConditionalGeneration"]"#, .encoderDecoder),
        ] as [(String, SwitchConfiguration.Architecture)]
    )
    func theClassDecides(members: String, architecture: SwitchConfiguration.Architecture) throws {
        let configuration = try read(members)
        #expect(configuration.architecture == architecture)
        #expect((configuration.encoderLayers > 0) == architecture.hasEncoder)
        #expect((configuration.decoderLayers > 0) == architecture.hasDecoder)
    }

    @Test func anEncoderAloneNeedsNoStartTokenAndSaysNothingOfOne() throws {
        let bare = try read(#""architectures": ["SwitchTransformersEncoderModel"]"#)
        #expect(bare.notes.isEmpty)
        let padded = try read(#""architectures": ["SwitchTransformersEncoderModel"], "pad_token_id": 0"#)
        #expect(padded.notes.isEmpty && padded.prompt([5]) == [5, 1])
        #expect(padded.sublayers.allSatisfy { $0.hasPrefix("encoder.") } && padded.sublayers.count == 24)
    }

    @Test func tensorsOfADecoderDoNotMakeOne() throws {
        var configuration = try read(#""architectures": ["SwitchTransformersEncoderModel"], "num_layers": 2"#)
        let names = ["encoder", "decoder"].flatMap { stack in
            (0..<3).map { "\(stack).block.\($0).layer.1.mlp.wi.weight" }
        }
        try configuration.repair(TensorCensus(Set(names)))
        #expect(configuration.encoderLayers == 3 && configuration.decoderLayers == 0)
        #expect(configuration.architecture == .encoderOnly)
    }

    @Test(arguments: [#""architectures": [1]"#, #""architectures": {}"#, #""architectures": [["T5EncoderModel"]]"#])
    func classesThatAreNoNamesAreRefused(members: String) {
        #expect {
            try read(members)
        } throws: { error in
            "\(error)".contains("'architectures' in config.json is")
        }
    }

    @Test func aT5ThatIsADecoderAloneIsRefused() {
        let members = #""model_type": "t5", "is_encoder_decoder": false, "architectures": ["T5Model"]"#
        #expect(throws: ConfigurationError.self) { try read(members) }
    }
}
