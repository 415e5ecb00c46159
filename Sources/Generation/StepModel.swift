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
    /// Prompts on their way through the encoder, and forced tokens through the decoder.
    associatedtype Encoding

    /// Scores of a row; token ids are below it.
    var vocabularySize: Int { get }

    /// What an output begins after, at least one token; penalties look at all of it.
    ///
    /// A start token, or the prompt of a language model.
    func start(after prompt: [Int32]) -> [Int32]

    /// Starts encoding prompts as one ragged batch.
    ///
    /// None is empty; ids lie inside the vocabulary.
    ///
    /// The decoder's first pass is part of it where it has more to read than a start token: forced tokens, a language
    /// model's prompt. Slot 0 has read them then.
    func beginEncoding(_ prompts: [EncodingPrompt]) -> Encoding

    /// Rows of each layer that runs next.
    func rowsPerLayer(_ encoding: Encoding) -> Int

    /// Runs up to `layers` more layers, of the encoder or of the decoder.
    ///
    /// Returns the prompts once done.
    func advance(_ encoding: inout Encoding, layers: Int) -> EncodingProgress<State>

    /// One decoder step for the rows of several requests: reads each token into the history of its slot and returns the
    /// scores after it, or those after one that was read with the prompt; in the order given, valid until the next call.
    ///
    /// `routing` is overwritten with where the tokens went; one that is passed again is refilled in place.
    func step(_ batch: [StepBatch<State>], _ routing: inout RoutingLog) -> VocabularyScores

    /// Runs `body` for 0 up to `count`, exclusive, on the threads the model computes on; returns when all are done.
    ///
    /// Between steps they would idle: what searches do with a step's logits goes here.
    func concurrently(_ count: Int, _ body: (_ index: Int) -> Void)

    /// Why nothing that was computed since the last look is of use, and nothing will be, in one sentence; nil while all is
    /// well.
    var fault: String? { get }

    /// Called once, after the last of all calls.
    func end()

    /// What other processes are about that this one runs the model together with.
    var others: OtherRanks { get }

    /// Begins a turn of all of them: at most one step of this one and one call of `advance`.
    ///
    /// - Parameters:
    ///   - isDecoding: whether there will be a step.
    ///   - encoding: what will advance, by up to `layers`; nil for nothing.
    func beginTurn(isDecoding: Bool, _ encoding: Encoding?, layers: Int)

    /// Takes part in the turn of all of them until it is over.
    func endTurn()

    /// What slot 0 attended to of its prompt when it read the token at `position`, mean over heads; in the layer that the
    /// prompt named, and told once.
    func takeCrossAttention(_ state: State, position: Int) -> [Float]

    /// Makes slot `i` continue the history of slot `parents[i]`, for all slots at once.
    ///
    /// Copies no cache.
    func reorder(_ state: State, parents: [Int])

    /// Bytes of keys and values of one position, of a prompt or of a slot's history.
    var cacheBytesPerPosition: Int { get }

    /// Positions are taken in blocks of this many: a prompt's, and those of all histories of a request together.
    var cacheBlockPositions: Int { get }
}

/// A model that one process runs alone.
extension StepModel {
    /// None.
    package var others: OtherRanks { .none }

    /// There is nobody to agree with.
    package func beginTurn(isDecoding: Bool, _ encoding: Encoding?, layers: Int) {}

    /// There is nobody to wait for.
    package func endTurn() {}
}

/// How far prompts have come.
package enum EncodingProgress<State> {
    /// Layers that have not run, at least 1.
    case layersLeft(Int)
    /// In the order they were given, with what the routers did.
    case finished([EncodedPrompt<State>], RoutingLog)
}

/// What one request wants scores after: the next tokens of its live slots, or tokens that were read with its prompt.
package struct StepBatch<State> {
    package var state: State
    /// Of one kind.
    package var rows: [StepRow]

    package init(state: State, rows: [StepRow]) {
        self.state = state
        self.rows = rows
    }

    /// How many of the rows are tokens to run.
    package var tokens: Int { rows.first?.isToken == true ? rows.count : 0 }
}

/// One token on its way into the history of one slot.
package struct StepRow: Equatable, Sendable {
    /// What the row's scores come after.
    package enum Source: Equatable, Sendable {
        /// A token that the step reads into a slot.
        case token(Int32, slot: Int)
        /// A token that the model has read, by its position among those; only before any other is.
        case position(Int)
    }

    package var source: Source
    /// What the scores are wanted for.
    package var detail: VocabularyScores.Detail

    package init(_ source: Source, detail: VocabularyScores.Detail = .all) {
        self.source = source
        self.detail = detail
    }

    /// A token that the step reads into a slot.
    package init(slot: Int, token: Int32, detail: VocabularyScores.Detail = .all) {
        self.init(.token(token, slot: slot), detail: detail)
    }

    /// The slot of a token; that of positions is 0.
    package var slot: Int { if case .token(_, let slot) = source { slot } else { 0 } }

    fileprivate var isToken: Bool { if case .token = source { true } else { false } }
}
