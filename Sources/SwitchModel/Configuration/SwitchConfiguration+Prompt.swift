extension SwitchConfiguration {
    /// What the model reads for the tokens of a prompt's text.
    ///
    /// An encoder reads them with an end. A language model goes on after them; after nothing, it begins.
    package func prompt(_ text: [Int32]) -> [Int32] {
        switch architecture {
        case .encoderDecoder, .encoderOnly: text + textEnd
        case .decoderOnly: text.isEmpty ? [startToken] : text
        }
    }

    /// Positions a sequence may reach, for tables of the position bias: of a language model prompt and output are one.
    package func reach(input: Int, output: Int) -> Int {
        switch architecture {
        case .encoderDecoder: max(input, output)
        case .encoderOnly: input
        case .decoderOnly: input + output
        }
    }
}
