extension SwitchConfiguration {
    /// The ids that start, end and pad an output, of `generation_config.json` and else of `config.json`.
    mutating func readTokens(
        _ config: ConfigurationReader,
        _ generation: ConfigurationReader
    ) throws(ConfigurationError) {
        let sources = [generation, config]
        var named = try Self.firstToken(["decoder_start_token_id", "bos_token_id"], in: sources)
        if named == nil, architecture.hasDecoder, let pad = try Self.firstToken(["pad_token_id"], in: sources) {
            named = pad
            notes.append("no decoder_start_token_id: the padding token \(pad) starts every output")
        }
        if let named {
            startToken = try Self.token(named, "decoder_start_token_id", below: vocabularySize)
        } else if architecture.hasDecoder {
            throw .noStartToken
        }
        let own = try config.tokens("eos_token_id") ?? (config.mentions("eos_token_id") ? [] : nil)
        let ends = try generation.tokens("eos_token_id") ?? own
        let last = own ?? ends ?? textEnd.map(Int.init)
        textEnd = try Self.tokens(last.prefix(1), "eos_token_id", below: vocabularySize)
        endTokens = try Self.tokens(ends ?? endTokens.map(Int.init), "eos_token_id", below: vocabularySize)
        let pad = try Self.firstToken(["pad_token_id"], in: sources)
        if let pad {
            padToken = try Self.token(pad, "pad_token_id", below: vocabularySize)
        } else if config.mentions("pad_token_id") {
            padToken = endTokens.first ?? startToken
        }
    }

    /// Names the tokens that transformers would not know of, because it reads them from `generation_config.json` alone.
    mutating func noteTokens(_ config: ConfigurationReader, _ generation: ConfigurationReader) {
        if !generation.has("decoder_start_token_id"), !generation.has("bos_token_id"),
            config.has("decoder_start_token_id") || config.has("bos_token_id")
        {
            notes.append("generation_config.json names no start token: that of config.json, \(startToken), is used")
        }
        if !generation.has("eos_token_id"), config.has("eos_token_id") {
            notes.append("generation_config.json names no end token: those of config.json, \(endTokens), are used")
        }
    }

    private static func firstToken(
        _ keys: [String],
        in sources: [ConfigurationReader]
    ) throws(ConfigurationError) -> Int? {
        for source in sources {
            for key in keys {
                if let token = try source.integer(key, in: Int.min...Int.max) { return token }
            }
        }
        return nil
    }

    private static func tokens(
        _ tokens: some Sequence<Int>,
        _ key: String,
        below vocabularySize: Int
    ) throws(ConfigurationError) -> [Int32] {
        var result: [Int32] = []
        for token in tokens { result.append(try Self.token(token, key, below: vocabularySize)) }
        return result
    }

    private static func token(
        _ token: Int,
        _ key: String,
        below vocabularySize: Int
    ) throws(ConfigurationError) -> Int32 {
        guard token >= 0, token < vocabularySize else {
            throw .tokenOutsideVocabulary(key: key, token: token, vocabularySize: vocabularySize)
        }
        return Int32(token)
    }
}
