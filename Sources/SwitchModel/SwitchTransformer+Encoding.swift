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
        /// Once the encoder is done, or of a language model from the start.
        var outcomes: [EncodedPrompt<DecoderState>.Outcome] = []
        /// Once the decoder can begin: where its rows' keys and values go.
        var rows = DecoderRows()
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
        switch halves {
        case .decoderOnly(let half):
            encoding.outcomes = prompts.map { prompt in
                let capacity = prompt.tokens.count + prompt.capacity
                return .decoding(DecoderState(pool: half.pool, prompt: 0, slots: prompt.slots, capacity: capacity))
            }
            begin(half, &encoding) { $0.tokens + $0.forced }
        case .encoderDecoder(let half, _), .encoderOnly(let half):
            encoding.sequences = Self.endToEnd(prompts.map(\.tokens))
            encoding.encoderRows = encoding.sequences
            half.embedding.look(up: prompts.flatMap(\.tokens), into: encoding.hidden)
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
            let encoder = halves.encoding?.stack
            encoder?.run(blocks: range, encoding.hidden, encoding.sequences, &encoding.routing, workspace)
            guard end == layers else { return layers - end + decoderBlocksLeft(encoding) }
            encoder?.finish(encoding.hidden)
            handOver(&encoding)
            return decoderBlocksLeft(encoding)
        case .decoder:
            guard let half = halves.decoding else { return 0 }
            half.stack.run(
                blocks: range,
                encoding.hidden,
                encoding.rows,
                encoding.sharing,
                in: half.pool,
                &encoding.routing,
                workspace
            )
            if end == layers { finish(half, encoding) }
            return layers - end
        }
    }

    /// The prompts after the last block has run.
    package func finish(_ encoding: Encoding) -> [EncodedPrompt<DecoderState>] {
        let decoderRows = encoding.stack == .decoder ? encoding.sequences : encoding.prompts.map { _ in 0..<0 }
        return encoding.outcomes.indices.map {
            EncodedPrompt(
                encoding.outcomes[$0],
                encoderRows: encoding.encoderRows[$0],
                decoderRows: decoderRows[$0]
            )
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
        (stack == .encoder ? halves.encoding?.stack.layers : halves.decoding?.stack.layers) ?? 0
    }

    /// Blocks of the decoder that an encoder has still to hand over to.
    private func decoderBlocksLeft(_ encoding: Encoding) -> Int {
        encoding.prompts.contains(where: \.isRead) ? layers(of: .decoder) : 0
    }

    /// Stores what the decoder attends to of the prompts, and hands over to it those that have more for it to read than a
    /// start token, which is stepped like any other.
    private func handOver(_ encoding: inout Encoding) {
        encoding.outcomes = outcomes(of: encoding)
        guard let half = halves.decoding, let decoded = decodedStates(of: encoding) else { return }
        half.stack.storePrompts(decoded, for: encoding.outcomes.compactMap(\.state), in: half.pool, workspace)
        guard decoderBlocksLeft(encoding) > 0 else { return }
        let start = configuration.startToken
        begin(half, &encoding) { $0.isRead ? [start] + $0.forced : [] }
    }

    /// - Parameter reading: what slot 0 reads.
    private func begin(_ half: DecodingHalf, _ encoding: inout Encoding, reading: (EncodingPrompt) -> [Int32]) {
        (encoding.stack, encoding.nextBlock, encoding.sequences) = (.decoder, 0, [])
        var (trunks, continuations): ([Range<Int>], [RoutingPlan.Continuation]) = ([], [])
        for (prompt, outcome) in zip(encoding.prompts, encoding.outcomes) {
            let first = encoding.rows.tokens.count
            guard let state = outcome.state else {
                trunks.append(first..<first)
                encoding.sequences.append(first..<first)
                continue
            }
            let trunk = encoding.rows.append(reading(prompt), state, slot: 0)
            if !prompt.continuations.isEmpty { state.reorder(parents: Array(repeating: 0, count: prompt.slots)) }
            for (index, tokens) in prompt.continuations.enumerated() {
                let rows = encoding.rows.append(tokens, state, slot: index + 1)
                continuations.append(RoutingPlan.Continuation(rows, after: trunk))
            }
            trunks.append(trunk)
            encoding.sequences.append(first..<encoding.rows.tokens.count)
        }
        encoding.sharing = .sequences(trunks, continuations: continuations)
        half.embedding.look(up: encoding.rows.tokens, into: encoding.hidden)
    }

    /// Leaves with each state what the scores of its last positions are made of.
    private func finish(_ half: DecodingHalf, _ encoding: Encoding) {
        for (index, sequence) in encoding.sequences.enumerated() where !sequence.isEmpty {
            let count = min(max(encoding.prompts[index].scoredPositions, 1), sequence.count)
            let last = Matrix(rows: count, columns: configuration.modelWidth)
            last.copy(
                rows: sequence.upperBound - count..<sequence.upperBound,
                columns: 0..<configuration.modelWidth,
                of: encoding.hidden,
                toRow: 0
            )
            prepareForHead(last, half)
            encoding.outcomes[index].state?.keep(last, read: sequence.count)
        }
    }
}
