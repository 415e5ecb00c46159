package import Checkpoints
package import Tensors

/// An encoder–decoder whose sparse layers send each token to one expert (Fedus and others, 2021)
/// or to several; or one half of such a model.
///
/// The weights are immutable; the workspace makes a model the property of one thread at a time.
package final class SwitchTransformer {
    package let configuration: SwitchConfiguration
    let halves: ModelHalves
    let workspace: Workspace
    private let hidden = Matrix()
    private let scores = VocabularyScores()
    /// Of the next step: the tokens it runs, and what it leaves scores of.
    private var rows = DecoderRows()
    private var scored = ScoredRows()
    /// What embeddings go through last, `[sentence, model]`; nil where they are the plain mean.
    ///
    /// Set before the model is given to the thread that uses it.
    package var sentenceProjection: PackedMatrix?
    /// Kept for its shelves.
    private let expertMemory: ExpertMemory?
    private let spread: ExpertSpread?

    /// Loads and packs all weights, on the context's threads.
    ///
    /// - Parameters:
    ///   - weights: the root of the checkpoint's name tree.
    ///   - cache: for keys and values; an encoder alone sets none aside.
    ///
    /// - Throws: `CheckpointError` with the name of a tensor that is missing, of another shape, or not finite, and
    ///   `KeyValuePool.OutOfAddresses`.
    package init(_ weights: WeightScope, _ context: LoadingContext, cache: CacheRoom) throws {
        configuration = context.configuration
        let names = VocabularyTables(weights, configuration)
        let first = configuration.architecture.hasEncoder ? names.encoder : names.decoder
        let embedding = try context.within("embedding").embedding(weights, first)
        switch configuration.architecture {
        case .encoderDecoder:
            let encoding = EncodingHalf(embedding: embedding, stack: try Encoder(weights["encoder"], context))
            halves = .encoderDecoder(encoding, try DecodingHalf(weights, names, context, cache, beside: embedding))
        case .decoderOnly:
            halves = .decoderOnly(try DecodingHalf(weights, names, context, cache, beside: embedding))
        case .encoderOnly:
            halves = .encoderOnly(EncodingHalf(embedding: embedding, stack: try Encoder(weights["encoder"], context)))
        }
        workspace = Workspace(workers: context.workers, keyValuePrecision: cache.precision)
        expertMemory = context.expertMemory
        spread = context.spread
    }

    /// Why nothing that was computed since is of use; nil as long as all ranks answer and no expert's file is damaged.
    package var fault: String? { spread?.fault.map { "\($0)" } ?? expertMemory?.fault.map { "\($0)" } }

    /// What ranks beside this one are about.
    package var others: OtherRanks { spread?.others ?? .none }

    /// Begins a turn of all ranks.
    ///
    /// - Parameters:
    ///   - isDecoding: whether a step is to come in it.
    ///   - encoding: of which up to `blocks` blocks are to come in it.
    package func beginTurn(isDecoding: Bool, _ encoding: Encoding?, blocks: Int) {
        guard let spread else { return }
        func sparse(_ range: Range<Int>, in stack: Stack) -> Int {
            range.count { configuration.isSparse(block: $0, in: stack) }
        }
        var slots = isDecoding ? sparse(0..<configuration.layers(in: .decoder), in: .decoder) : 0
        if let encoding {
            let left = configuration.layers(in: encoding.stack) - encoding.nextBlock
            slots += sparse(encoding.nextBlock..<encoding.nextBlock + min(blocks, left), in: encoding.stack)
        }
        // Whoever has something to run takes part, even if it meets nobody in it.
        spread.beginTurn(slots: isDecoding || encoding != nil ? max(slots, 1) : 0, isDecoding: isDecoding)
    }

    /// Takes part in the turn of all ranks until it is over.
    package func endTurn() { spread?.endTurn(workspace) }

    /// Tells other ranks that no more passes follow, and leaves them when they say so too.
    package func end() { spread?.end(workspace) }

    /// Has what experts are sent from now on kept, until `inputs` are full.
    package func record(into inputs: ExpertInputs) { workspace.expertInputs = inputs }

    /// Takes the newest token of a slot into the next step.
    ///
    /// - Precondition: the token lies inside the vocabulary, and the slot's history has room.
    package func enqueue(_ token: Int32, _ state: DecoderState, slot: Int, for detail: VocabularyScores.Detail) {
        // The first token after what was read: nobody asks for that any more.
        state.forgetRead()
        rows.append(token, state, slot: slot)
        scored.append(detail)
    }

    /// Takes the scores after a token that was read with the prompt into the next step.
    ///
    /// - Parameter position: of the token among those the decoder has read; within the `scoredPositions` of the prompt.
    /// - Precondition: no token was enqueued since.
    package func enqueue(position: Int, _ state: DecoderState, for detail: VocabularyScores.Detail) {
        let (hidden, row) = state.read(position)
        scored.append(row, of: hidden, detail)
    }

    /// One decoder step for the rows enqueued since the last.
    ///
    /// - Parameter routing: overwritten with what the routers did with the tokens; one that is passed again is refilled in
    ///   place.
    /// - Returns: scores in the order the rows were enqueued, valid until the next call.
    /// - Precondition: the model has a decoder.
    package func step(_ routing: inout RoutingLog) -> VocabularyScores {
        defer {
            rows.removeAll()
            scored.removeAll()
        }
        guard let half = halves.decoding else { preconditionFailure("an encoder alone has no steps") }
        routing.rewind()
        if !rows.tokens.isEmpty {
            half.embedding.look(up: rows.tokens, into: hidden)
            half.stack.run(blocks: 0..<half.stack.layers, hidden, rows, .none, in: half.pool, &routing, workspace)
            prepareForHead(hidden, half)
        }
        let hidden = scored.joined(with: hidden, width: configuration.modelWidth)
        workspace.input.load(hidden, as: half.head.precision, on: workspace.workers)
        scores.load(half.head, workspace.input, scored.details, on: workspace.workers)
        return scores
    }

    /// Makes the decoder's output, `[rows, model]`, what the head multiplies.
    func prepareForHead(_ hidden: Matrix, _ half: DecodingHalf) {
        half.stack.finish(hidden)
        if configuration.scalesDecoderOutput {
            hidden.scale(by: 1 / Float(configuration.modelWidth).squareRoot())
        }
    }

    /// The threads the model computes on, for its owner's use between calls.
    package var workers: Workers { workspace.workers }

    /// Bytes of keys and values of one position, of a prompt or of a slot's history; 0 of an encoder alone.
    package var cacheBytesPerPosition: Int { halves.decoding?.pool.shape.bytesPerPosition ?? 0 }

    /// Of the keys and values of one position in one layer.
    package var cacheRowBytes: Int { halves.decoding?.pool.shape.rowBytes ?? 0 }
}

extension DecodingHalf {
    /// - Parameter embedding: one that is loaded, which often is the decoder's.
    fileprivate init(
        _ weights: WeightScope,
        _ names: VocabularyTables,
        _ context: LoadingContext,
        _ cache: CacheRoom,
        beside embedding: EmbeddingTable
    ) throws {
        let configuration = context.configuration
        let isOther = configuration.architecture.hasEncoder && names.encoder != names.decoder
        let own = isOther ? try context.within("embedding").embedding(weights, names.decoder) : nil
        // Often one matrix under two names.
        self.embedding = own.flatMap { $0.isEqual(to: embedding) ? nil : $0 } ?? embedding
        stack = try Decoder(weights["decoder"], context)
        let headContext = context.within(SwitchConfiguration.head)
        head = try headContext.linear(
            weights,
            [names.head],
            outputs: configuration.vocabularySize,
            inputs: configuration.modelWidth,
            at: headContext.precision.head
        )
        pool = try KeyValuePool(configuration.cacheShape(cache.precision), bytes: cache.bytes)
    }
}
