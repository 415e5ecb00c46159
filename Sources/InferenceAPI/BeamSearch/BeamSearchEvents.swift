import Generation
import JSON

/// The events of a beam search: what it begins after, every step, the whole answer, `[DONE]`.
struct BeamSearchEvents: AnswerEvents {
    private let run: CompletionRun
    private let texts: TokenText
    private var choices: [CompletionChoice]

    init(_ run: CompletionRun) {
        self.run = run
        texts = TokenText(tokenizer: run.model.tokenizer)
        choices = (0..<run.parameters.choices).map { CompletionChoice(index: $0) }
    }

    private var decoderPrompt: [Int32] { run.parameters.template.decoderPrompt }

    /// Whether what is generated goes on with a text.
    private var continuesText: Bool { run.parameters.prompts[0].isContinued }

    mutating func begin() -> [ServerSentEvent] {
        let prompt = run.parameters.prompts[0].tokens
        let begin = BeamSearchBegin(
            id: run.identity.id,
            prompt: NumberedToken.list(prompt, texts.ofText(prompt)),
            decoderPrompt: NumberedToken.list(
                decoderPrompt,
                texts.ofText(decoderPrompt, continuesText: continuesText)
            ),
            parameters: run.parameters
        )
        return [ServerSentEvent(begin)]
    }

    mutating func step(_ step: BeamStep) -> [ServerSentEvent] {
        let isFirst = step.number == 0 && decoderPrompt.isEmpty && !continuesText
        let tokens = step.candidates.map { texts.ofText([$0.token], continuesText: !isFirst)[0] }
        return [ServerSentEvent(BeamSearchStep(id: run.identity.id, step, texts: tokens))]
    }

    mutating func part(_ part: CompletionChoice, _ usage: Usage) -> [ServerSentEvent] {
        choices[part.index].append(part)
        return []
    }

    mutating func end(_ usage: Usage) -> [ServerSentEvent] {
        [ServerSentEvent(BeamSearchObject(choices, usage, of: run)), .done]
    }

    func failure(_ error: APIError) -> [ServerSentEvent] { [ServerSentEvent(error.object), .done] }
}

/// The first event: what all hypotheses begin after.
struct BeamSearchBegin: Encodable, Sendable {
    var id: String
    let object = "beam_search.begin"
    var prompt: [NumberedToken]
    var decoderPrompt: [NumberedToken]
    var beams: Int
    var returned: Int
    var lengthPenalty: Float

    enum CodingKeys: String, CodingKey {
        case id, object, prompt
        case decoderPrompt = "decoder_prompt"
        case beams = "num_beams"
        case returned = "num_return_sequences"
        case lengthPenalty = "length_penalty"
    }

    init(id: String, prompt: [NumberedToken], decoderPrompt: [NumberedToken], parameters: CompletionParameters) {
        (self.id, self.prompt, self.decoderPrompt) = (id, prompt, decoderPrompt)
        let beam = if case .beam(let beam) = parameters.template.strategy { beam } else { BeamParameters() }
        (beams, returned, lengthPenalty) = (beam.beams, beam.returned, beam.lengthPenalty)
    }
}

/// One step.
struct BeamSearchStep: Encodable, Sendable {
    /// What became of a candidate.
    enum Outcome: String, Encodable {
        case kept, finished, pruned
    }

    struct Candidate: Encodable, Sendable {
        var parent: Int
        var id: Int32
        var text: String
        @OrNull var logprob: Float?
        @OrNull var score: Float?
        var outcome: Outcome
        @OrNull var beam: Int?
        @OrNull var finishedScore: Float?

        enum CodingKeys: String, CodingKey {
            case parent, id, text, logprob, score, outcome, beam
            case finishedScore = "finished_score"
        }

        init(_ candidate: BeamStep.Candidate, text: String) {
            (parent, id, self.text) = (candidate.parent, candidate.token, text)
            (logprob, score) = (candidate.logprob.asLogprob, candidate.score.ifFinite)
            outcome = candidate.finishedScore != nil ? .finished : candidate.beam != nil ? .kept : .pruned
            (beam, finishedScore) = (candidate.beam, candidate.finishedScore?.ifFinite)
        }
    }

    var id: String
    let object = "beam_search.step"
    var step: Int
    var candidates: [Candidate]
    var isLast: Bool

    enum CodingKeys: String, CodingKey {
        case id, object, step, candidates
        case isLast = "last"
    }

    init(id: String, _ step: BeamStep, texts: [String]) {
        (self.id, self.step, isLast) = (id, step.number, step.isLast)
        candidates = zip(step.candidates, texts).map { Candidate($0, text: $1) }
    }
}
