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
    var startToken: Int32 { get }

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
    /// returns logits `[rows, vocabulary]` in the order given, valid until the next call.
    func step(_ batch: [StepBatch<State>]) -> Matrix

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

    /// What every sparse layer did since the last call, in the order it ran.
    func takeRouting() -> [LayerRouting]
}

/// Where the rows of one forward pass went at one sparse layer.
///
/// Arrays have one entry per row of the pass.
package struct LayerRouting: Sendable {
    package var isDecoder: Bool
    /// Block index of the layer.
    package var block: Int
    package var expertCount: Int
    package var experts: [Int32]
    package var gates: [Float]
    package var isDropped: [Bool]
    /// Sum over rows of the entropy of the router's distribution, in nats.
    package var entropySum: Double

    package init(
        isDecoder: Bool,
        block: Int,
        expertCount: Int,
        experts: [Int32],
        gates: [Float],
        isDropped: [Bool],
        entropySum: Double
    ) {
        self.isDecoder = isDecoder
        self.block = block
        self.expertCount = expertCount
        self.experts = experts
        self.gates = gates
        self.isDropped = isDropped
        self.entropySum = entropySum
    }
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
    case finished([State])
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

    package init(slot: Int, token: Int32) {
        self.slot = slot
        self.token = token
    }
}
