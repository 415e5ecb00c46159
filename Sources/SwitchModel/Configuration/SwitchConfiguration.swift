import Tensors

/// The sizes and switches of one model, checked once so that the layers can trust them.
package struct SwitchConfiguration: Equatable, Sendable {
    /// One of the two halves of the model.
    package enum Stack: String, CaseIterable, Sendable, Codable {
        case encoder
        case decoder
    }

    /// What the feed-forward layer adds for a token that found its expert full.
    package enum DroppedTokens: String, Equatable, Sendable {
        /// Nothing: only the residual remains, as in transformers 4.52 to 4.57 and from 5.18 on. (5.0 to 5.17 drop no token.)
        case zero
        /// The normalized input scaled by the gate, as in transformers up to 4.51.
        case gatedInput
    }

    /// The families that share this model's code: those but the first have no sparse layer.
    package enum ModelType: String, CaseIterable, Equatable, Sendable {
        case switchTransformers = "switch_transformers"
        case t5
        case mt5
        case umt5
    }

    /// Which stacks there are.
    package enum Architecture: Equatable, Sendable {
        case encoderDecoder
        /// A language model: the decoder's blocks without cross-attention, and the prompt is the start of the output.
        case decoderOnly
        /// An encoder, whose last states are all there is: neither decoder nor head.
        case encoderOnly

        package var hasEncoder: Bool { self != .decoderOnly }
        package var hasDecoder: Bool { self != .encoderOnly }
    }

    package var modelType = ModelType.switchTransformers
    package var architecture = Architecture.encoderDecoder
    /// Rows of the embedding, all token ids below it; a tokenizer may have fewer.
    package var vocabularySize = 32128
    /// Elements of a token's state between layers: `d_model`.
    package var modelWidth = 768
    /// The width between the two products of a feed-forward layer or an expert.
    package var feedForwardWidth = 2048
    /// Of every attention layer.
    package var heads = 12
    /// The width of one attention head; need not be `modelWidth / heads`.
    package var headWidth = 64
    /// Blocks; 0 in what is read from a language model's files.
    package var encoderLayers = 12
    /// Blocks; 0 in what is read from the files of an encoder alone.
    package var decoderLayers = 12
    /// Which blocks of the encoder are sparse, see `isSparse(block:in:)`; 0 means none.
    package var encoderSparseStep = 4
    /// The same of the decoder.
    package var decoderSparseStep = 4

    /// In each sparse layer.
    package var experts = 8
    /// How many there were in each sparse layer before some were left out; nil where all are there.
    package var prunedFrom: Int?
    /// How many experts each token goes to, at most all.
    package var choices = 1
    /// How many tokens of one sequence an expert takes, in a pass over several of them; a decoder's step is never short
    /// of it.
    package var expertCapacity = 64
    package var routerBias = false
    /// A choice of who runs the model, not read from the files.
    package var droppedTokens = DroppedTokens.zero

    /// Buckets of distances, each with a bias for each head; in the encoder half of them for each direction (Raffel and
    /// others 2020, §2.1).
    package var relativeBuckets = 32
    /// Tokens from which on all distances share the last bucket of their direction.
    package var relativeMaxDistance = 128
    /// Added to the mean of squares before its root is taken; between 0 and 1.
    package var layerNormEpsilon: Float = 1e-6
    package var feedForward = FeedForwardKind()
    /// The head is the embedding, as the files have it.
    package var tieWordEmbeddings = true
    /// The checkpoint holds a head of other values than the embedding's, whatever the files say: known once tensors were read.
    package var storesOwnHead = false
    /// The decoder's output is divided by the root of the width before the head, as models with a tied head were trained.
    package var scalesDecoderOutput = true

    /// The token every output begins with, not part of the result.
    package var startToken: Int32
    /// The tokens that end an output; may be empty.
    package var endTokens: [Int32] = [1]
    /// What an encoder reads behind a text: the first end of `config.json`, unless a tokenizer has its own.
    package var textEnd: [Int32] = [1]
    /// Written and shown but never computed with: sequences lie end to end, without padding.
    package var padToken: Int32 = 0
    /// Every block of a stack has a table of position biases of its own, as in umT5.
    package var biasInEveryBlock = false
    /// Of a checkpoint without `config.json`: what its tensors do not say, and where that was taken from; a sentence each.
    package var assumptions: [String] = []
    /// What was missing from the files or wrong in them, and what is done about it: a sentence each.
    package var notes: [String] = []

    /// The class defaults of transformers 5.23.0.
    package init(startToken: Int32, _ modelType: ModelType = .switchTransformers) {
        self.startToken = startToken
        self.modelType = modelType
        guard modelType != .switchTransformers else { return }
        (modelWidth, encoderSparseStep, decoderSparseStep) = (512, 0, 0)
        switch modelType {
        case .switchTransformers, .t5: (encoderLayers, decoderLayers, heads) = (6, 6, 8)
        case .mt5, .umt5:
            (encoderLayers, decoderLayers, heads) = (8, 8, 6)
            (vocabularySize, feedForwardWidth) = (250_112, 1024)
            feedForward = FeedForwardKind(activation: .geluTanh, isGated: true)
            scalesDecoderOutput = modelType == .umt5
            biasInEveryBlock = modelType == .umt5
        }
    }

    /// Whether the head is a table of its own.
    package var hasOwnHead: Bool { architecture.hasDecoder && (!tieWordEmbeddings || storesOwnHead) }

    /// The width of all heads together: rows of the query, key and value projections.
    package var attentionWidth: Int { heads * headWidth }

    /// Blocks of a stack, sparse or not.
    package func layers(in stack: Stack) -> Int { stack == .encoder ? encoderLayers : decoderLayers }

    /// What says which blocks of a stack are sparse, see `isSparse(block:in:)`.
    package func sparseStep(in stack: Stack) -> Int { stack == .encoder ? encoderSparseStep : decoderSparseStep }

    /// Whether the feed-forward layer of block `block`, counted from 0, is a mixture of experts.
    ///
    /// Every `step`-th is, from block 1 on; with a step of 1 all are, and with 0 none (`SwitchTransformersStack` of
    /// transformers 5.23.0).
    package func isSparse(block: Int, in stack: Stack) -> Bool {
        let step = sparseStep(in: stack)
        return step > 0 && (block % step == 1 || step == 1)
    }

    /// The sparse blocks of `stack`, in order.
    package func sparseBlocks(in stack: Stack) -> [Int] {
        (0..<layers(in: stack)).filter { isSparse(block: $0, in: stack) }
    }
}
