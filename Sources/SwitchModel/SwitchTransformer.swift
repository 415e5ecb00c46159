package import Checkpoints
package import Tensors

/// An encoder–decoder whose sparse layers send each token to one expert (Fedus and others, 2021).
///
/// The weights are immutable; the workspace makes a model the property of one thread at a time.
package final class SwitchTransformer {
    package let configuration: SwitchConfiguration
    private let encoderEmbedding: Matrix  // [vocabulary, model]
    private let decoderEmbedding: Matrix  // [vocabulary, model]
    private let encoder: Encoder
    private let decoder: Decoder
    private let head: PackedMatrix  // [vocabulary, model]
    private let workspace: Workspace
    /// Keys and values of all requests.
    private let pool: KeyValuePool
    private let hidden = Matrix()
    private let logits = Matrix()
    private var rows = DecoderRows()

    /// - Parameters:
    ///   - weights: the root of the checkpoint's name tree.
    ///   - pool: of the configuration's `cacheShape`.
    package init(_ weights: WeightScope, _ context: LoadingContext, pool: KeyValuePool) throws(CheckpointError) {
        configuration = context.configuration
        let names = EmbeddingNames(weights, isTied: configuration.tieWordEmbeddings)
        let (vocabulary, model) = (configuration.vocabularySize, configuration.modelWidth)
        encoderEmbedding = try context.matrix(weights, "\(names.encoder).weight", [vocabulary, model])
        decoderEmbedding =
            names.decoder == names.encoder
            ? encoderEmbedding : try context.matrix(weights, "\(names.decoder).weight", [vocabulary, model])
        encoder = try Encoder(weights["encoder"], context)
        decoder = try Decoder(weights["decoder"], context)
        head = try context.linear(weights, [names.head], outputs: vocabulary, inputs: model)
        workspace = Workspace(workers: context.workers, keyValuePrecision: pool.shape.precision)
        self.pool = pool
    }

    /// Sequences on their way through the encoder, a few blocks at a time.
    package struct Encoding {
        let hidden = Matrix()
        let sequences: [Range<Int>]
        /// Histories and positions each state will hold.
        let room: [(slots: Int, capacity: Int)]
        var nextBlock = 0

        package var tokens: Int { sequences.last?.upperBound ?? 0 }
    }

    /// Lays prompts end to end.
    ///
    /// None is empty; ids lie inside the vocabulary.
    package func beginEncoding(_ prompts: [[Int32]], room: [(slots: Int, capacity: Int)]) -> Encoding {
        var sequences: [Range<Int>] = []
        for prompt in prompts {
            let start = sequences.last?.upperBound ?? 0
            sequences.append(start..<start + prompt.count)
        }
        let encoding = Encoding(sequences: sequences, room: room)
        encoding.hidden.gather(prompts.flatMap { $0 }, from: encoderEmbedding)
        return encoding
    }

    /// Runs up to `blocks` more encoder blocks; returns how many are left.
    package func advance(_ encoding: inout Encoding, blocks: Int) -> Int {
        let end = encoding.nextBlock + min(blocks, encoder.layers - encoding.nextBlock)
        for block in encoding.nextBlock..<end {
            encoder.run(block: block, encoding.hidden, sequences: encoding.sequences, workspace)
        }
        encoding.nextBlock = end
        return encoder.layers - end
    }

    /// The states of prompts whose last block has run.
    package func finish(_ encoding: Encoding) -> [DecoderState] {
        encoder.finish(encoding.hidden)
        let states = zip(encoding.sequences, encoding.room).map { sequence, room in
            DecoderState(pool: pool, prompt: sequence.count, slots: room.slots, capacity: room.capacity)
        }
        decoder.storePrompts(encoding.hidden, for: states, in: pool, workspace)
        return states
    }

    /// One decoder step for some slots of several requests.
    ///
    /// - Returns: logits `[rows, vocabulary]` in the order given, valid until the next call.
    package func step(_ batch: [(state: DecoderState, rows: [(slot: Int, token: Int32)])]) -> Matrix {
        rows.removeAll()
        for (state, stepped) in batch {
            for row in stepped { rows.append(state, slot: row.slot) }
        }
        hidden.gather(batch.flatMap { $0.rows.map(\.token) }, from: decoderEmbedding)
        decoder.step(hidden, rows, in: pool, workspace)
        if configuration.tieWordEmbeddings {
            hidden.scale(by: 1 / Float(configuration.modelWidth).squareRoot())
        }
        logits.resize(rows: hidden.rows, columns: configuration.vocabularySize)
        workspace.input.load(hidden, as: head.precision, on: workspace.workers)
        workspace.workers.run(Product(head, workspace.input, into: logits))
        return logits
    }

    /// The threads the model computes on, for its owner's use between calls.
    package var workers: Workers { workspace.workers }

    /// Bytes of keys and values of one position, of a prompt or of a slot's history.
    package var cacheBytesPerPosition: Int { pool.shape.bytesPerPosition }

    /// Of one element of a key or a value.
    package var cacheElementBytes: Int { pool.shape.elementBytes }

    /// The plans of every sparse layer since the last call, in the order the layers ran.
    package func takeRoutings() -> [(stack: Stack, block: Int, plan: RoutingPlan)] {
        defer { workspace.routings.removeAll(keepingCapacity: true) }
        return workspace.routings.map { ($0.stack, $0.block, $0.plan) }
    }
}

/// Which tensors hold the two embeddings and the head.
///
/// A tied checkpoint keeps one matrix under any of four names. An untied one has a head of its own, and may have an
/// embedding for each stack beside `shared`, which then goes unused.
private struct EmbeddingNames {
    let encoder: String
    let decoder: String
    let head: String

    init(_ weights: WeightScope, isTied: Bool) {
        func first(_ names: [String]) -> String { names.first { weights.contains("\($0).weight") } ?? "shared" }
        if isTied {
            let shared = first(["shared", "encoder.embed_tokens", "decoder.embed_tokens", "lm_head"])
            (encoder, decoder, head) = (shared, shared, shared)
        } else {
            encoder = first(["encoder.embed_tokens", "shared"])
            decoder = first(["decoder.embed_tokens", "shared"])
            head = "lm_head"
        }
    }
}
