import Tensors

/// What there is of a model: who has no decoder has no head and no keys and values either.
enum ModelHalves {
    case encoderDecoder(EncodingHalf, DecodingHalf)
    /// A language model, whose decoder reads the prompt.
    case decoderOnly(DecodingHalf)
    case encoderOnly(EncodingHalf)

    var encoding: EncodingHalf? {
        switch self {
        case .encoderDecoder(let half, _), .encoderOnly(let half): half
        case .decoderOnly: nil
        }
    }

    var decoding: DecodingHalf? {
        switch self {
        case .encoderDecoder(_, let half), .decoderOnly(let half): half
        case .encoderOnly: nil
        }
    }
}

/// What reads prompts.
struct EncodingHalf {
    let embedding: EmbeddingTable  // [vocabulary, model]
    let stack: Encoder
}

/// What generates.
struct DecodingHalf {
    /// Often the encoder's.
    let embedding: EmbeddingTable  // [vocabulary, model]
    let stack: Decoder
    let head: PackedMatrix  // [vocabulary, model]
    /// Keys and values of all requests.
    let pool: KeyValuePool
}
