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

    var vocabularySize: Int { get }

    /// What an output begins after, at least one token: its last is stepped first, and penalties look at all of it.
    ///
    /// A start token, or the prompt of a language model.
    func start(after prompt: [Int32]) -> [Int32]

    /// Starts encoding prompts as one ragged batch.
    ///
    /// `slots[i]` is the number of histories prompt `i` will need, `capacity[i]` how many decoder positions each may
    /// reach.
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

package struct EncodingPrompt: Sendable {
    package var tokens: [Int32]
    package var slots: Int
    package var capacity: Int

    package init(tokens: [Int32], slots: Int, capacity: Int) {
        self.tokens = tokens
        self.slots = slots
        self.capacity = capacity
    }
}

package enum EncodingProgress<State> {
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

package struct StepRow: Equatable, Sendable {
    package var slot: Int
    package var token: Int32
    /// What the scores after the token are wanted for.
    package var detail: VocabularyScores.Detail

    package init(slot: Int, token: Int32, detail: VocabularyScores.Detail = .all) {
        self.slot = slot
        self.token = token
        self.detail = detail
    }
}
