package import SwitchModel
package import Tensors

/// What search needs of a model.
///
/// Implemented by the Switch Transformer, and by scripts in tests.
///
/// Used by one thread at a time.
package protocol StepModel {
    /// The caches of one request: cross-attention keys and values, and one self-attention history per slot.
    associatedtype State
    /// Prompts on their way through the encoder.
    associatedtype Encoding

    /// Scores of a row; token ids are below it.
    var vocabularySize: Int { get }

    /// What an output begins after, at least one token: its last is stepped first, and penalties look at all of it.
    ///
    /// A start token, or the prompt of a language model.
    func start(after prompt: [Int32]) -> [Int32]

    /// Starts encoding prompts as one ragged batch.
    ///
    /// None is empty; ids lie inside the vocabulary.
    func beginEncoding(_ prompts: [EncodingPrompt]) -> Encoding

    /// Runs up to `layers` more encoder layers.
    ///
    /// Returns the states, one per prompt, once done.
    func advance(_ encoding: inout Encoding, layers: Int) -> EncodingProgress<State>

    /// One decoder step for the rows of several requests: reads each row's token into the history of its slot and
    /// returns scores in the order given, valid until the next call.
    ///
    /// `routing` is overwritten with what the routers did; one that is passed again is refilled in place.
    func step(_ batch: [StepBatch<State>], _ routing: inout RoutingLog) -> VocabularyScores

    /// Runs `body` for 0 up to `count`, exclusive, on the threads the model computes on; returns when all are done.
    ///
    /// Between steps they would idle: what searches do with a step's logits goes here.
    func concurrently(_ count: Int, _ body: (_ index: Int) -> Void)

    /// Makes slot `i` continue the history of slot `parents[i]`, for all slots at once.
    ///
    /// Copies no cache.
    func reorder(_ state: State, parents: [Int])

    /// Bytes of keys and values of one position, of a prompt or of a slot's history.
    var cacheBytesPerPosition: Int { get }

    /// Positions are taken in blocks of this many: a prompt's, and those of all histories of a request together.
    var cacheBlockPositions: Int { get }
}

/// A prompt and the room its request will need.
package struct EncodingPrompt: Sendable {
    /// At least one, each inside the vocabulary.
    package var tokens: [Int32]
    /// Histories: continuations drawn, or beams.
    package var slots: Int
    /// Positions that each history may reach after the prompt: the start token, forced tokens, generated ones.
    package var capacity: Int

    package init(tokens: [Int32], slots: Int, capacity: Int) {
        self.tokens = tokens
        self.slots = slots
        self.capacity = capacity
    }
}

/// How far encoding has come.
package enum EncodingProgress<State> {
    /// Layers that have not run, at least 1.
    case layersLeft(Int)
    /// With what the routers did.
    case finished([State], RoutingLog)
}

/// The next tokens of one request: one per live slot.
package struct StepBatch<State> {
    package var state: State
    package var rows: [StepRow]

    package init(state: State, rows: [StepRow]) {
        self.state = state
        self.rows = rows
    }
}

/// One token on its way into the history of one slot.
package struct StepRow: Equatable, Sendable {
    /// Which history of its request, from 0.
    package var slot: Int
    /// Inside the vocabulary.
    package var token: Int32
    /// What the scores after the token are wanted for.
    package var detail: VocabularyScores.Detail

    package init(slot: Int, token: Int32, detail: VocabularyScores.Detail = .all) {
        self.slot = slot
        self.token = token
        self.detail = detail
    }
}
