import SwitchModel
import Tensors
import Tokenization

/// Runs texts through a model and keeps what its experts are sent.
struct CalibrationPass {
    private let model: SwitchTransformer
    private let configuration: SwitchConfiguration
    private let tokenizer: any Tokenizer
    private let cacheBytes: Int
    private let room: (input: Int, output: Int)

    /// Of rows that are kept, over all layers.
    private static let rowBytes = 1 << 30
    /// Texts that run side by side.
    private static let batch = 32
    /// The longest answer of the model's own.
    private static let longestAnswer = 256

    /// - Parameter loaded: in Float32.
    /// - Throws: `CalibrationError.noTokenizer`.
    init(_ loaded: LoadedModel, _ options: ModelOptions) throws(CalibrationError) {
        guard let tokenizer = loaded.tokenizer else { throw .noTokenizer(directory: options.modelDirectory) }
        (model, configuration, self.tokenizer) = (loaded.model, loaded.configuration, tokenizer)
        cacheBytes = loaded.cacheBytes
        room = (options.maxInputTokens, min(options.maxOutputTokens, Self.longestAnswer))
    }

    /// Reads texts until all are read or no more rows are taken in.
    ///
    /// - Parameter onProgress: called with the number of texts each time some were read.
    /// - Returns: how many were read, and what experts were sent.
    /// - Throws: `CalibrationError.noRoom` for a text that `--cache-memory` is too small for.
    func read(
        _ text: CalibrationText,
        onProgress: (Int) -> Void
    ) throws(CalibrationError) -> (texts: Int, inputs: ExpertInputs) {
        let inputs = ExpertInputs(width: configuration.modelWidth, byteLimit: Self.rowBytes)
        model.record(into: inputs)
        var next = 0
        while next < text.lines.count, !inputs.isFull {
            let prompts = try prompts(text.lines[next...])
            let states = read(prompts)
            if configuration.architecture == .encoderDecoder {
                answer(zip(prompts, states).filter { $0.0.forced.isEmpty }.map(\.1))
            }
            next += prompts.count
            onProgress(prompts.count)
        }
        return (next, inputs)
    }

    /// As many of the next lines as run side by side.
    private func prompts(_ lines: ArraySlice<CalibrationText.Line>) throws(CalibrationError) -> [EncodingPrompt] {
        var prompts: [EncodingPrompt] = []
        var positions = 0
        for line in lines.prefix(Self.batch) {
            let prompt = prompt(line)
            let own = model.cachePositions(prompt: prompt.tokens.count, positions: prompt.capacity)
            guard (positions + own) * model.cacheBytesPerPosition <= cacheBytes else {
                if prompts.isEmpty { throw .noRoom(positions: own, bytes: cacheBytes) }
                break
            }
            positions += own
            prompts.append(prompt)
        }
        return prompts
    }

    private func prompt(_ line: CalibrationText.Line) -> EncodingPrompt {
        if configuration.architecture == .encoderOnly {
            let tokens = configuration.prompt(tokenizer.encode(line.source))
            return EncodingPrompt(embedding: Array(tokens.prefix(room.input)))
        }
        guard configuration.architecture == .encoderDecoder else {
            let tokens = configuration.prompt(tokenizer.encode(line.whole))
            return EncodingPrompt(tokens: Array(tokens.prefix(room.input)), slots: 1, capacity: 1)
        }
        let tokens = configuration.prompt(tokenizer.encode(line.source))
        let forced = line.target.map { Array(tokenizer.encode($0).prefix(room.output)) } ?? []
        let capacity = 1 + (forced.isEmpty ? room.output : forced.count)
        var prompt = EncodingPrompt(tokens: Array(tokens.prefix(room.input)), slots: 1, capacity: capacity)
        prompt.forced = forced
        return prompt
    }

    private func read(_ prompts: [EncodingPrompt]) -> [DecoderState] {
        var encoding = model.beginEncoding(prompts)
        while model.advance(&encoding, blocks: .max) > 0 {}
        return model.finish(encoding).compactMap(\.outcome.state)
    }

    /// Steps texts by the most probable token until each has ended.
    private func answer(_ states: [DecoderState]) {
        var running = states.map { (state: $0, token: configuration.startToken) }
        var routing = RoutingLog()
        for _ in 0..<room.output where !running.isEmpty {
            for (state, token) in running { model.enqueue(token, state, slot: 0, for: .best) }
            let scores = model.step(&routing)
            for row in running.indices { running[row].token = Int32(scores.best(row: row)) }
            running.removeAll { configuration.endTokens.contains($0.token) }
        }
    }
}
