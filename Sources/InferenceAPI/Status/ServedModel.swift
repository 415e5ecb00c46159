package import Generation
package import Tokenization

/// What the endpoints need to know about the model behind the engine.
package struct ServedModel: Sendable {
    /// What becomes of a prompt, which decides what a request may ask for.
    package enum Architecture: String, Equatable, Sendable {
        case encoderDecoder = "encoder-decoder"
        /// Goes on with its prompt.
        case languageModel = "language-model"
        /// Gives embeddings, and generates nothing.
        case encoder
    }

    package var id: String
    package var architecture: Architecture
    /// Unix time of the checkpoint file.
    package var created: Int
    /// nil when the checkpoint came without one: prompts are ids and text is "".
    package var tokenizer: (any Tokenizer)?
    /// Rows of the embedding; ids at or above it are refused.
    package var vocabularySize: Int
    /// Blocks of the decoder; 0 of an encoder alone.
    package var decoderBlocks = 1
    /// Ids that end an output; may be empty.
    package var endTokens: [Int32]
    /// What the model's files say of generation.
    package var generation = GenerationConfiguration()
    package var embeddings = EmbeddingRules()
    /// Who speaks where a request leaves its word out.
    package var speaker = AskedStrategy.Speaker.model
    /// What linear layers are held in, and what experts are.
    package var weights = "f32"
    package var expertWeights = "f32"
    /// What makes the model a translator; nil when it is none.
    package var translation: TranslationDirections?
    /// What makes the model a judge of documents; nil when it is none.
    package var reranking: RerankTemplate?
    /// What the model reads for the tokens of a prompt's text.
    package var prompt: @Sendable (_ text: [Int32]) -> [Int32]
    /// Changes when the weights, their precision or this program change.
    package var systemFingerprint: String

    /// Without a `prompt` of its own a model reads its text with the first end token after it.
    package init(
        id: String,
        architecture: Architecture = .encoderDecoder,
        created: Int,
        tokenizer: (any Tokenizer)?,
        vocabularySize: Int,
        endTokens: [Int32],
        systemFingerprint: String,
        prompt: (@Sendable (_ text: [Int32]) -> [Int32])? = nil
    ) {
        (self.id, self.architecture) = (id, architecture)
        self.created = created
        self.tokenizer = tokenizer
        self.vocabularySize = vocabularySize
        self.endTokens = endTokens
        self.prompt = prompt ?? { $0 + endTokens.prefix(1) }
        self.systemFingerprint = systemFingerprint
    }
}
