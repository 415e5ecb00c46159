package import Generation
package import SwitchModel
import Synchronization
package import Tensors

/// A model without weights: the logits of a row are a function of the tokens its slot has read.
///
/// Checks what search and engine promise: rows of live slots only, at most `capacity` positions, one state a prompt.
package final class ScriptedModel: StepModel, Sendable {
    /// What one slot has read so far, start token included, and the prompt.
    package typealias Script = @Sendable (_ prompt: [Int32], _ history: [Int32]) -> [Float]

    package final class State {
        let prompt: EncodingPrompt
        /// Tokens slot 0 read with the prompt.
        let read: Int
        var histories: [[Int32]]

        init(_ prompt: EncodingPrompt, reading tokens: [Int32]) {
            self.prompt = prompt
            read = tokens.count
            let others = prompt.continuations.map { tokens + $0 }
            let empty = max(prompt.slots - 1 - others.count, 0)
            histories = [tokens] + others + Array(repeating: [], count: empty)
        }
    }

    package struct Encoding {
        let prompts: [EncodingPrompt]
        var stack = Stack.encoder
        var layersLeft: Int
    }

    package let vocabularySize: Int
    package func start(after prompt: [Int32]) -> [Int32] { hasEncoder ? [0] : prompt }
    package let cacheBytesPerPosition = 1
    package let cacheBlockPositions = 1
    private let layers: Int
    private let hasEncoder: Bool
    private let script: Script
    /// Where there are any, a token goes to the one of its number modulo theirs, in one layer of each stack.
    private let experts: Int
    /// Held by a test to stop the engine before its next step.
    package let gate: StepGate

    package init(
        vocabularySize: Int,
        layers: Int = 2,
        architecture: SwitchConfiguration.Architecture = .encoderDecoder,
        experts: Int = 0,
        gate: StepGate = StepGate(isOpen: true),
        script: @escaping Script
    ) {
        self.vocabularySize = vocabularySize
        self.layers = layers
        hasEncoder = architecture == .encoderDecoder
        self.experts = experts
        self.gate = gate
        self.script = script
    }

    package func beginEncoding(_ prompts: [EncodingPrompt]) -> Encoding {
        Encoding(prompts: prompts, stack: hasEncoder ? .encoder : .decoder, layersLeft: layers)
    }

    package func rowsPerLayer(_ encoding: Encoding) -> Int {
        encoding.prompts.reduce(0) { $0 + (encoding.stack == .encoder ? $1.tokens : read($1)).count }
    }

    /// What slot 0 reads with the prompt.
    private func trunk(_ prompt: EncodingPrompt) -> [Int32] {
        let isRead = !hasEncoder || !prompt.forced.isEmpty || !prompt.continuations.isEmpty
        return isRead ? start(after: prompt.tokens) + prompt.forced : []
    }

    /// What the decoder reads with the prompt.
    private func read(_ prompt: EncodingPrompt) -> [Int32] { trunk(prompt) + prompt.continuations.flatMap { $0 } }

    /// Both stacks have the same number of layers.
    package func advance(_ encoding: inout Encoding, layers: Int) -> EncodingProgress<State> {
        encoding.layersLeft -= min(layers, encoding.layersLeft)
        let isRead = encoding.prompts.contains { !read($0).isEmpty }
        if encoding.layersLeft == 0, encoding.stack == .encoder, isRead {
            (encoding.stack, encoding.layersLeft) = (.decoder, self.layers)
        }
        guard encoding.layersLeft == 0 else { return .layersLeft(encoding.layersLeft) }
        var (encoderRows, decoderRows) = (0, 0)
        let prompts = encoding.prompts.map { prompt in
            let (tokens, read) = (hasEncoder ? prompt.tokens.count : 0, read(prompt))
            defer { (encoderRows, decoderRows) = (encoderRows + tokens, decoderRows + read.count) }
            return EncodedPrompt(
                prompt.use == .decoding
                    ? .decoding(State(prompt, reading: trunk(prompt))) : .embedding(prompt.tokens.map { Float($0) }),
                encoderRows: encoderRows..<encoderRows + tokens,
                decoderRows: decoderRows..<decoderRows + read.count
            )
        }
        var routing = RoutingLog()
        if hasEncoder { route(encoding.prompts.flatMap(\.tokens), in: .encoder, &routing) }
        route(encoding.prompts.flatMap(read), in: .decoder, &routing)
        return .finished(prompts, routing)
    }

    private func route(_ tokens: [Int32], in stack: Stack, _ routing: inout RoutingLog) {
        guard experts > 0, !tokens.isEmpty else { return }
        let elements = tokens.flatMap { token in (0..<experts).map { Float($0 == Int(token) % experts ? 1 : 0) } }
        routing.record(RoutingPlan(stack: stack, block: 0, expertCount: experts)) { plan in
            plan.fill(Matrix(rows: tokens.count, columns: experts, elements: elements), .none, capacity: 1)
        }
    }

    package func step(_ batch: [StepBatch<State>], _ routing: inout RoutingLog) -> VocabularyScores {
        gate.pass(rows: batch.reduce(0) { $0 + $1.rows.count })
        var (elements, tokens): ([Float], [Int32]) = ([], [])
        for request in batch {
            for row in request.rows {
                if case .token(let token, _) = row.source { tokens.append(token) }
                elements += script(request.state.prompt.tokens, history(after: row, request.state))
            }
        }
        routing.rewind()
        route(tokens, in: .decoder, &routing)
        let rows = elements.count / vocabularySize
        return VocabularyScores(Matrix(rows: rows, columns: vocabularySize, elements: elements))
    }

    /// What the row's scores come after.
    private func history(after row: StepRow, _ state: State) -> [Int32] {
        switch row.source {
        case .token(let token, let slot):
            state.histories[slot].append(token)
            let positions = state.histories[slot].count - (hasEncoder ? 0 : state.prompt.tokens.count)
            precondition(positions <= state.prompt.capacity, "stepped past the capacity")
            return state.histories[slot]
        case .position(let position):
            precondition(state.histories[0].count == state.read, "asked for what was read after a step")
            let all = state.read + state.prompt.continuations.reduce(0) { $0 + $1.count }
            precondition(position >= all - state.prompt.scoredPositions, "asked for scores that were not kept")
            return history(at: position, state)
        }
    }

    /// As if it attended to the position's own token of the prompt, as often as that has.
    package func takeCrossAttention(_ state: State, position: Int) -> [Float] {
        state.prompt.tokens.indices.map { $0 == position % state.prompt.tokens.count ? 1 : 0 }
    }

    package var fault: String? { nil }

    package func end() {}
    /// What a position that was read comes after, itself included: of slot 0 or of a continuation.
    private func history(at position: Int, _ state: State) -> [Int32] {
        if position < state.read { return Array(state.histories[0][...position]) }
        var left = position - state.read
        for (index, continuation) in state.prompt.continuations.enumerated() {
            if left < continuation.count { return Array(state.histories[index + 1].prefix(state.read + left + 1)) }
            left -= continuation.count
        }
        preconditionFailure("asked for a position that was not read")
    }

    package func concurrently(_ count: Int, _ body: (Int) -> Void) {
        for index in 0..<count { body(index) }
    }

    package func reorder(_ state: State, parents: [Int]) {
        state.histories = parents.map { state.histories[$0] }
    }
}
