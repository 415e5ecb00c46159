/// What one request may ask for; every limit of the API has its default here.
package struct APIConfiguration: Equatable, Sendable {
    /// Prompts in one request.
    package var maximumPrompts = 256
    /// Texts in one request for embeddings.
    package var maximumEmbeddings = 2048
    /// Tokens of all texts in one request for embeddings.
    package var maximumEmbeddingTokens = 300_000
    /// Texts of one request for embeddings that the engine has at once; the others wait outside its queue.
    package var embeddingsAtOnce = 32
    /// Tokens that these may come to; one text that is longer goes alone.
    package var embeddingTokensAtOnce = 16_384
    /// Bytes in memory that the answer to one request for embeddings may come to.
    package var maximumEmbeddingBytes = 256 << 20
    /// The same of all requests for embeddings together.
    package var embeddingMemory = 1 << 30
    /// Choices per prompt.
    package var maximumChoices = 128
    /// In one request.
    package var maximumStopStrings = 4
    /// Runs of tokens in `bad_words_ids`, `bad_words` or `sequence_bias`.
    package var maximumSequences = 1024
    /// Bytes of one stop string in UTF-8.
    package var maximumStopBytes = 1024
    /// Bytes of a body from which on it is read aside.
    package var largeBody = 64 * 1024
    /// Bytes of text for each token a prompt may have: no language comes near it, so a longer text need not be tokenised
    /// to be refused.
    package var maximumBytesPerToken = 64
    /// Alternatives beside each token.
    package var maximumLogprobs = 5
    /// The longest a request may take, and how long it may take when it does not say.
    package var requestTimeout: Duration = .seconds(300)
    /// Requests with members the server does not know, or that ask for more tokens than it gives, are refused and not
    /// answered as well as can be.
    package var isStrict = false
    /// Names of the model beside its own.
    package var modelAliases: [String] = []
    /// Any name stands for the model.
    package var acceptsAnyModel = false
    /// Alternatives beside each token of a conversation's answer.
    package var maximumChatLogprobs = 20
    /// Messages of one conversation, and parts of one message.
    package var maximumMessages = 2048
    /// How a conversation becomes a prompt; nil for what suits the model.
    package var chatPrompt: ChatPrompt?
    /// Texts in one request for translation.
    package var maximumTexts = 1024
    /// Characters of all texts in one request for translation.
    package var maximumTextCharacters = 500_000
    /// Sentences of all texts in one request for translation.
    package var maximumSentences = 10_000
    /// Sentences of one request that the engine has at once; the others wait outside its queue.
    package var sentencesAtOnce = 32
    /// Items of one request that are scored.
    package var maximumScoredItems = 256
    /// Tokens whose probability one request may ask for after each prompt.
    package var maximumLabels = 1024
    /// Continuations of each prompt that one request may have scored.
    package var maximumContinuations = 256
    /// Documents of one request that are ranked.
    package var maximumDocuments = 1024
    /// Bytes of the prompts that the documents of one request become.
    package var maximumDocumentBytes = 4 << 20
    /// Prompts of one request, to be scored, that the engine has at once; the others wait outside its queue.
    package var scoredPromptsAtOnce = 64
    /// Weights of the attention between prompt and output that one answer tells.
    package var maximumAttentionWeights = 1 << 21
    package var version = "0.0.0"

    package init() {}

    /// Whether a request for that model is one for the model that is served.
    func accepts(_ id: String, for model: ServedModel) -> Bool {
        id == model.id || acceptsAnyModel || modelAliases.contains(id)
    }
}
