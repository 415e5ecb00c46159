import Generation
import JSON
import Tensors

/// A few steps of the search for one prompt, on scores that depend on the tokens alone, and the answer as far as it goes.
struct Search {
    private static let mostSteps = 6

    private let parameters: CompletionParameters
    private let prompt: CompletionParameters.Prompt
    private let request: GenerationRequest
    private let size: Int
    private var progress: [ChoiceProgress]

    /// nil where nothing is searched for, or too much for a moment.
    init?(_ parameters: CompletionParameters, _ prompt: CompletionParameters.Prompt, _ reader: CompletionReader) {
        let request = parameters.request(for: prompt)
        guard request.needsDecoder, request.rows <= 8, request.promptTokens <= 64, parameters.choices <= 8 else {
            return nil
        }
        (self.parameters, self.prompt, self.request) = (parameters, prompt, request)
        size = reader.model.vocabularySize
        progress = (0..<parameters.choices).map {
            ChoiceProgress(index: $0, prompt: prompt, output: parameters.output, tokenizer: reader.model.tokenizer)
        }
    }

    mutating func run() {
        var search = DecodingSearch(request, start: [0], read: read)
        var step = search.begin()
        step.events.forEach { take($0) }
        for _ in 0..<Self.mostSteps where !step.rows.isEmpty {
            do { try search.advance(scores(of: step.rows), firstRow: 0, into: &step) } catch { return }
            precondition(step.rows.allSatisfy { $0.number >= 0 })
            step.events.forEach { take($0) }
        }
    }

    /// Tokens that the model would have read before the first step.
    private var read: Int {
        var continued = 0
        if case .scoring(let scored) = request.strategy { continued = scored.positions - 1 }
        return request.decoderPrompt.isEmpty && continued == 0 ? 0 : 1 + request.decoderPrompt.count + continued
    }

    private func scores(of rows: [StepRow]) -> VocabularyScores {
        let elements = rows.flatMap { row -> [Float] in
            (0..<size).map { (token: Int) -> Float in
                let mixed = (row.number * 31 + token * 17) % 23
                return Float(mixed) / 3 - 2
            }
        }
        return VocabularyScores(Matrix(rows: rows.count, columns: size, elements: elements))
    }

    private mutating func take(_ event: GenerationEvent) {
        switch event {
        case .token(let token):
            precondition((0..<Int32(size)).contains(token.id) && token.logprob <= 0)
            if let part = progress[token.choice].append(token) { write(part) }
        case .finished(var choice):
            if parameters.output.scoresPrompt { choice.tokens.removeFirst(prompt.tokens.count - 1) }
            write(progress[choice.choice].finish(choice, encoderRoutes: []))
        case .scores(let found): take(found)
        case .encoded, .embedding, .completed, .failed: break
        }
    }

    private func take(_ found: PromptScores) {
        guard case .scoring(let scored) = request.strategy else { preconditionFailure("nobody asked for scores") }
        precondition(found.labels.count == scored.labels.count)
        precondition(found.continuations.map(\.count) == scored.continuations.map(\.count))
        for whole in [LabelProbabilities.Whole.labels, .vocabulary] {
            let values = LabelProbabilities(found.labels, among: whole).values
            precondition(values.allSatisfy { (0...1).contains($0) })
            if whole == .labels, !values.isEmpty { precondition(abs(values.reduce(0, +) - 1) < 1e-9) }
            precondition(Set(RerankObject.order(of: values)) == Set(values.indices))
        }
        for (tokens, logprobs) in zip(scored.continuations, found.continuations) {
            write(ScoredContinuation(tokens: tokens, logprobs: logprobs))
        }
    }

    /// What is written is JSON that can be read.
    private func write(_ part: some Encodable) {
        precondition((try? JSONParser.parse(JSONText.bytes(part))) != nil)
    }
}

extension StepRow {
    /// The token it reads, or its place among those that were read.
    fileprivate var number: Int {
        switch source {
        case .token(let token, _): Int(token)
        case .position(let position): position
        }
    }
}
