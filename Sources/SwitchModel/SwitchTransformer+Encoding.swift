import Tensors

extension SwitchTransformer {
    /// Prompts on their way through the encoder and then, those that it has tokens of, through the decoder; a few blocks
    /// at a time.
    package struct Encoding {
        let prompts: [EncodingPrompt]
        let hidden = Matrix()
        /// The stack that is running, and its next block.
        var stack = Stack.encoder
        var nextBlock = 0
        /// Rows of each prompt in that stack; none where it has nothing to read.
        var sequences: [Range<Int>] = []
        /// Who shares the capacity of an expert in the decoder.
        var sharing = RoutingPlan.Sharing.none
        /// Rows of each prompt in the encoder.
        var encoderRows: [Range<Int>]
        /// Once the decoder can begin: the caches, and where its rows' keys and values go.
        var states: [DecoderState] = []
        var rows = DecoderRows()
        /// Once the encoder is done: of each prompt that wants one.
        var embeddings: [[Float]] = []
        /// What the routers of the blocks that have run did.
        package internal(set) var routing = RoutingLog()

        /// Rows of each block that runs next.
        package var rowsPerBlock: Int { sequences.last?.upperBound ?? 0 }
    }

    /// Lays prompts end to end.
    ///
    /// None is empty; ids lie inside the vocabulary.
    package func beginEncoding(_ prompts: [EncodingPrompt]) -> Encoding {
        var encoding = Encoding(prompts: prompts, encoderRows: prompts.map { _ in 0..<0 })
        if encoder == nil {
            encoding.states = prompts.map { prompt in
                let capacity = prompt.tokens.count + prompt.capacity
                return DecoderState(pool: pool, prompt: 0, slots: prompt.slots, capacity: capacity)
            }
            beginDecoder(&encoding) { $0.tokens + $0.forced }
        } else {
            encoding.sequences = Self.endToEnd(prompts.map(\.tokens))
            encoding.encoderRows = encoding.sequences
            encoderEmbedding.look(up: prompts.flatMap(\.tokens), into: encoding.hidden)
        }
        return encoding
    }

    /// Runs up to `blocks` more blocks, of one stack; returns how many are left.
    package func advance(_ encoding: inout Encoding, blocks: Int) -> Int {
        let layers = layers(of: encoding.stack)
        let end = encoding.nextBlock + min(blocks, layers - encoding.nextBlock)
        let range = encoding.nextBlock..<end
        encoding.nextBlock = end
        switch encoding.stack {
        case .encoder:
            encoder?.run(blocks: range, encoding.hidden, encoding.sequences, &encoding.routing, workspace)
            guard end == layers else { return layers - end + decoderBlocksLeft(encoding) }
            finishEncoder(&encoding)
            return decoderBlocksLeft(encoding)
        case .decoder:
            decoder.run(
                blocks: range,
                encoding.hidden,
                encoding.rows,
                encoding.sharing,
                in: pool,
                &encoding.routing,
                workspace
            )
            if end == layers { finishDecoder(encoding) }
            return layers - end
        }
    }

    /// The prompts after the last block has run.
    package func finish(_ encoding: Encoding) -> [EncodedPrompt<DecoderState>] {
        let decoderRows = encoding.stack == .decoder ? encoding.sequences : encoding.prompts.map { _ in 0..<0 }
        return encoding.states.indices.map {
            var prompt = EncodedPrompt(
                state: encoding.states[$0],
                encoderRows: encoding.encoderRows[$0],
                decoderRows: decoderRows[$0]
            )
            if encoding.prompts[$0].use == .embedding { prompt.embedding = encoding.embeddings[$0] }
            return prompt
        }
    }

    private static func endToEnd(_ sequences: [[Int32]]) -> [Range<Int>] {
        var end = 0
        return sequences.map { sequence in
            defer { end += sequence.count }
            return end..<end + sequence.count
        }
    }

    private func layers(of stack: Stack) -> Int {
        stack == .encoder ? encoder?.layers ?? 0 : decoder.layers
    }

    /// Blocks of the decoder that an encoder has still to hand over to.
    private func decoderBlocksLeft(_ encoding: Encoding) -> Int {
        encoding.prompts.contains(where: \.isRead) ? decoder.layers : 0
    }

    /// Stores what the decoder attends to of the prompts, and hands over to it those that have more for it to read than a
    /// start token, which is stepped like any other.
    private func finishEncoder(_ encoding: inout Encoding) {
        encoder?.finish(encoding.hidden)
        encoding.states = encoding.prompts.map {
            let tokens = $0.use == .decoding ? $0.tokens.count : 0
            return DecoderState(pool: pool, prompt: tokens, slots: $0.slots, capacity: $0.capacity)
        }
        encoding.embeddings = embeddings(of: encoding)
        if let decoded = decodedStates(of: encoding) {
            decoder.storePrompts(decoded, for: encoding.states, in: pool, workspace)
        }
        guard decoderBlocksLeft(encoding) > 0 else { return }
        let start = configuration.startToken
        beginDecoder(&encoding) { $0.isRead ? [start] + $0.forced : [] }
    }

    /// - Parameter reading: what slot 0 reads.
    private func beginDecoder(_ encoding: inout Encoding, reading: (EncodingPrompt) -> [Int32]) {
        (encoding.stack, encoding.nextBlock, encoding.sequences) = (.decoder, 0, [])
        var (trunks, continuations): ([Range<Int>], [RoutingPlan.Continuation]) = ([], [])
        for (prompt, state) in zip(encoding.prompts, encoding.states) {
            let trunk = encoding.rows.append(reading(prompt), state, slot: 0)
            if !prompt.continuations.isEmpty { state.reorder(parents: Array(repeating: 0, count: prompt.slots)) }
            for (index, tokens) in prompt.continuations.enumerated() {
                let rows = encoding.rows.append(tokens, state, slot: index + 1)
                continuations.append(RoutingPlan.Continuation(rows, after: trunk))
            }
            trunks.append(trunk)
            encoding.sequences.append(trunk.lowerBound..<encoding.rows.tokens.count)
        }
        encoding.sharing = .sequences(trunks, continuations: continuations)
        decoderEmbedding.look(up: encoding.rows.tokens, into: encoding.hidden)
    }

    /// Leaves with each state what the scores of its last positions are made of.
    private func finishDecoder(_ encoding: Encoding) {
        for (index, sequence) in encoding.sequences.enumerated() where !sequence.isEmpty {
            let count = min(max(encoding.prompts[index].scoredPositions, 1), sequence.count)
            let last = Matrix(rows: count, columns: configuration.modelWidth)
            last.copy(
                rows: sequence.upperBound - count..<sequence.upperBound,
                columns: 0..<configuration.modelWidth,
                of: encoding.hidden,
                toRow: 0
            )
            prepareForHead(last)
            encoding.states[index].keep(last, read: sequence.count)
        }
    }
}
