package import Checkpoints
package import Tensors

/// An encoder–decoder whose sparse layers send each token to one expert (Fedus and others, 2021)
/// or to several.
///
/// The weights are immutable; the workspace makes a model the property of one thread at a time.
package final class SwitchTransformer {
    package let configuration: SwitchConfiguration
    private let encoderEmbedding: EmbeddingTable
    private let decoderEmbedding: EmbeddingTable
    /// nil for a language model, whose decoder reads the prompt.
    private let encoder: Encoder?
    private let decoder: Decoder
    private let head: PackedMatrix  // [vocabulary, model]
    private let workspace: Workspace
    /// Keys and values of all requests.
    private let pool: KeyValuePool
    private let hidden = Matrix()
    private let scores = VocabularyScores()
    private var rows = DecoderRows()
    /// Kept for its shelves.
    private let expertMemory: ExpertMemory?

    /// Loads and packs all weights, on the context's threads.
    ///
    /// - Parameters:
    ///   - weights: the root of the checkpoint's name tree.
    ///   - pool: of the configuration's `cacheShape`.
    ///
    /// - Throws: `CheckpointError` with the name of a tensor that is missing, of another shape, or not finite.
    package init(_ weights: WeightScope, _ context: LoadingContext, pool: KeyValuePool) throws(CheckpointError) {
        configuration = context.configuration
        let names = EmbeddingNames(weights, isTied: configuration.tieWordEmbeddings)
        let (vocabulary, model) = (configuration.vocabularySize, configuration.modelWidth)
        let embedding = try context.embedding(weights, names.encoder)
        encoderEmbedding = embedding
        let own = names.encoder == names.decoder ? nil : try context.embedding(weights, names.decoder)
        // Often one matrix under two names.
        decoderEmbedding = own.flatMap { $0.isEqual(to: embedding) ? nil : $0 } ?? embedding
        let hasEncoder = context.configuration.architecture == .encoderDecoder
        encoder = hasEncoder ? try Encoder(weights["encoder"], context) : nil
        decoder = try Decoder(weights["decoder"], context)
        head = try context.linear(weights, [names.head], outputs: vocabulary, inputs: model)
        workspace = Workspace(workers: context.workers, keyValuePrecision: pool.shape.precision)
        self.pool = pool
        expertMemory = context.expertMemory
    }

    /// Sequences on their way through the encoder, a few blocks at a time; or through a language model's decoder.
    package struct Encoding {
        let hidden = Matrix()
        let sequences: [Range<Int>]
        /// Histories and positions each state will hold.
        let room: [(slots: Int, capacity: Int)]
        var nextBlock = 0
        /// Of a language model: where its rows' keys and values go, and the states they belong to.
        var rows = DecoderRows()
        var states: [DecoderState] = []
        /// What the routers of the blocks that have run did.
        package internal(set) var routing = RoutingLog()

        /// Of all prompts together: rows of the pass.
        package var tokens: Int { sequences.last?.upperBound ?? 0 }
    }

    /// Lays prompts end to end.
    ///
    /// None is empty; ids lie inside the vocabulary.
    ///
    /// - Parameter room: for each prompt the histories its state will hold, and the positions each of them may reach.
    package func beginEncoding(_ prompts: [[Int32]], room: [(slots: Int, capacity: Int)]) -> Encoding {
        var sequences: [Range<Int>] = []
        for prompt in prompts {
            let start = sequences.last?.upperBound ?? 0
            sequences.append(start..<start + prompt.count)
        }
        var encoding = Encoding(sequences: sequences, room: room)
        let tokens = prompts.flatMap { $0 }
        guard encoder == nil else {
            encoderEmbedding.look(up: tokens, into: encoding.hidden)
            return encoding
        }
        decoderEmbedding.look(up: tokens, into: encoding.hidden)
        for (prompt, room) in zip(prompts, room) {
            let capacity = prompt.count + room.capacity
            let state = DecoderState(pool: pool, prompt: 0, slots: room.slots, capacity: capacity)
            for token in prompt { encoding.rows.append(token, state, slot: 0, .best) }
            encoding.states.append(state)
        }
        return encoding
    }

    /// Runs up to `blocks` more encoder blocks; returns how many are left.
    ///
    /// Of a language model these are the decoder's, which leave the prompt's keys and values in the pool.
    package func advance(_ encoding: inout Encoding, blocks: Int) -> Int {
        let layers = encoder?.layers ?? decoder.layers
        let end = encoding.nextBlock + min(blocks, layers - encoding.nextBlock)
        let range = encoding.nextBlock..<end
        if let encoder {
            for block in range {
                encoder.run(block: block, encoding.hidden, sequences: encoding.sequences, &encoding.routing, workspace)
            }
        } else {
            decoder.run(blocks: range, encoding.hidden, encoding.rows, in: pool, &encoding.routing, workspace)
        }
        encoding.nextBlock = end
        return layers - end
    }

    /// The states of prompts whose last block has run.
    ///
    /// Of an encoder they hold keys and values of its output; rows of the pool are taken for them.
    ///
    /// - Precondition: the pool has room; whoever admits requests counts it.
    package func finish(_ encoding: Encoding) -> [DecoderState] {
        guard let encoder else {
            // The last token of a prompt is the first that is stepped, for its scores.
            for state in encoding.states { state.retract(slot: 0) }
            return encoding.states
        }
        encoder.finish(encoding.hidden)
        let states = zip(encoding.sequences, encoding.room).map { sequence, room in
            DecoderState(pool: pool, prompt: sequence.count, slots: room.slots, capacity: room.capacity)
        }
        decoder.storePrompts(encoding.hidden, for: states, in: pool, workspace)
        return states
    }

    /// Takes the newest token of a slot into the next step.
    ///
    /// - Precondition: the token lies inside the vocabulary, and the slot's history has room.
    package func enqueue(_ token: Int32, _ state: DecoderState, slot: Int, for detail: VocabularyScores.Detail) {
        rows.append(token, state, slot: slot, detail)
    }

    /// One decoder step for the rows enqueued since the last.
    ///
    /// - Parameter routing: overwritten with what the routers did; one that is passed again is refilled in place.
    /// - Returns: scores in the order the rows were enqueued, valid until the next call.
    package func step(_ routing: inout RoutingLog) -> VocabularyScores {
        defer { rows.removeAll() }
        routing.rewind()
        decoderEmbedding.look(up: rows.tokens, into: hidden)
        decoder.step(hidden, rows, in: pool, &routing, workspace)
        if configuration.scalesDecoderOutput {
            hidden.scale(by: 1 / Float(configuration.modelWidth).squareRoot())
        }
        workspace.input.load(hidden, as: head.precision, on: workspace.workers)
        scores.load(head, workspace.input, rows.details, on: workspace.workers)
        return scores
    }

    /// The threads the model computes on, for its owner's use between calls.
    package var workers: Workers { workspace.workers }

    /// Bytes of keys and values of one position, of a prompt or of a slot's history.
    package var cacheBytesPerPosition: Int { pool.shape.bytesPerPosition }

    /// Of one element of a key or a value.
    package var cacheElementBytes: Int { pool.shape.elementBytes }
}

/// Which tensors hold the two embeddings and the head.
///
/// A tied checkpoint keeps one matrix under any of these names, or under several. Whatever is stored under a name of its
/// own is used, as transformers 5 does when values differ.
private struct EmbeddingNames {
    let encoder: String
    let decoder: String
    let head: String

    init(_ weights: WeightScope, isTied: Bool) {
        let shared = ["shared", "encoder.embed_tokens", "decoder.embed_tokens", "lm_head"]
        func first(_ names: [String], else missing: String = "shared") -> String {
            names.first { weights.contains("\($0).weight") || weights.contains("\($0).packed") } ?? missing
        }
        encoder = first(["encoder.embed_tokens"] + shared)
        decoder = first(["decoder.embed_tokens"] + shared)
        head = isTied ? first(["lm_head"] + shared) : first(["lm_head", "decoder.lm_head"], else: "lm_head")
    }
}
