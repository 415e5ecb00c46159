import Tensors

/// Beam search with the bookkeeping of transformers 5.23.0 (`_beam_search`), one request at a time.
///
/// A candidate that hits a stopping condition leaves the beam; it counts as finished only when it was among the best
/// `beams` candidates. Scores are Float32 and cut off where the reference cuts them off.
struct BeamSearch {
    private struct Candidate {
        let parent: Int
        let hypothesis: BeamHypothesis
        let reason: FinishReason?
    }

    /// What the reference adds to a score to rule it out.
    private static let ruledOut: Float = -1e9

    private let request: GenerationRequest
    private let parameters: BeamParameters
    private let processing: LogitsProcessing
    private let start: [Int32]
    private let choice: BeamCandidates
    private var running: [BeamHypothesis]
    private var finished: FinishedBeams
    private var isFirstStep = true
    /// Tokens sent already: the start that all hypotheses share.
    private var sent = 0

    init(_ request: GenerationRequest, _ parameters: BeamParameters, start: [Int32]) {
        self.request = request
        self.parameters = parameters
        self.start = start + request.decoderPrompt
        processing = LogitsProcessing(request, start: self.start.count)
        choice = BeamCandidates(parameters, endTokens: request.stop.ignoresEndTokens ? 0 : request.stop.endTokens.count)
        running = (0..<parameters.beams).map { BeamHypothesis(score: $0 == 0 ? 0 : Self.ruledOut) }
        finished = FinishedBeams(parameters, maximumTokens: request.stop.maximumTokens)
    }

    /// Takes the logits of all beams; of the one history they share at the first step.
    mutating func advance(
        _ logits: VocabularyScores,
        firstRow: Int,
        into step: inout SearchStep
    ) throws(GenerationFailure) {
        let candidates = try candidates(logits, firstRow: firstRow)
        let length = (running.first?.path.count ?? 0) + 1
        guard candidates.contains(where: { $0.hypothesis.score > -.infinity }) else {
            step.events += try finalEvents()
            return
        }
        let ended = candidates.prefix(parameters.beams).compactMap { candidate in
            candidate.reason.map { (candidate.hypothesis, $0) }
        }
        finished.take(ended, length: length)

        let kept = candidates.indices.sorted {
            let (a, b) = (continuationScore(candidates[$0]), continuationScore(candidates[$1]))
            return a != b ? a > b : $0 < $1
        }.prefix(parameters.beams)
        let next = kept.map { candidates[$0] }
        running = next.map { BeamHypothesis(path: $0.hypothesis.path, score: continuationScore($0)) }
        isFirstStep = false

        let isOver =
            finished.isOver(bestRunning: running[0].score, length: length) || candidates.allSatisfy { $0.reason != nil }
        if request.reportsBeamSteps {
            step.events.append(.beamStep(report(candidates, kept: kept, length: length, isLast: isOver)))
        }
        if isOver {
            step.events += try finalEvents()
        } else {
            step.parents = next.map(\.parent)
            step.rows = running.enumerated().map { StepRow(slot: $0, token: $1.path[$1.path.count - 1].id) }
            step.events += certainTokens()
        }
    }

    // MARK: - Candidates

    private func candidates(_ logits: VocabularyScores, firstRow: Int) throws(GenerationFailure) -> [Candidate] {
        var rows: [LogitsRow] = []
        var scores: [[Float]] = []
        for (beam, hypothesis) in running.enumerated() {
            let row = isFirstStep && beam > 0 ? rows[0] : try LogitsRow(logits, row: firstRow + beam)
            rows.append(row)
            scores.append(processed(row, hypothesis))
        }
        let step = running.first?.path.count ?? 0
        let chosen = choice.choose(
            from: scores,
            beamScores: running.map(\.score),
            renormalizes: processing.renormalizes,
            step: step
        )
        return chosen.map { candidate($0, rows[$0.beam]) }
    }

    private func candidate(_ continuation: BeamCandidates.Continuation, _ row: LogitsRow) -> Candidate {
        let node = BeamNode(
            id: continuation.token,
            logprob: row.logprob(continuation.token),
            top: row.top(request.topLogprobs ?? 0)
        )
        let hypothesis = BeamHypothesis(path: running[continuation.beam].path + [node], score: continuation.score)
        return Candidate(
            parent: isFirstStep ? 0 : continuation.beam,
            hypothesis: hypothesis,
            reason: request.stop.reason(after: hypothesis.tokens)
        )
    }

    /// Log-probabilities, processed.
    private func processed(_ row: LogitsRow, _ hypothesis: BeamHypothesis) -> [Float] {
        var scores = row.scores
        for index in scores.indices { scores[index] -= row.logSumExp }
        if !processing.isNeutral {
            processing.apply(
                to: &scores,
                history: start + hypothesis.tokens,
                generated: hypothesis.path.count
            )
        }
        return scores
    }

    /// A candidate that hit a stopping condition must not go on.
    private func continuationScore(_ candidate: Candidate) -> Float {
        candidate.hypothesis.score + (candidate.reason == nil ? 0 : Self.ruledOut)
    }

    // MARK: - Events

    /// - Parameters:
    ///   - kept: indices of the candidates that go on, best first.
    ///   - length: of the candidates.
    private func report(
        _ candidates: [Candidate],
        kept: ArraySlice<Int>,
        length: Int,
        isLast: Bool
    ) -> BeamStep {
        var places = [Int?](repeating: nil, count: candidates.count)
        for (place, index) in kept.enumerated() { places[index] = place }
        let told = candidates.enumerated().map { index, candidate in
            let (last, score) = (candidate.hypothesis.path[length - 1], candidate.hypothesis.score)
            let isFinished = index < parameters.beams && candidate.reason != nil && score > -.infinity
            return BeamStep.Candidate(
                parent: candidate.parent,
                token: last.id,
                logprob: last.logprob,
                score: score,
                beam: places[index],
                finishedScore: isFinished ? finished.normalized(score, length: length) : nil
            )
        }
        return BeamStep(number: length - 1, candidates: told, isLast: isLast)
    }

    /// The tokens every hypothesis that may still be returned begins with and that were not sent yet.
    private mutating func certainTokens() -> [GenerationEvent] {
        let paths = running.map(\.path) + finished.best.prefix(parameters.returned).map(\.hypothesis.path)
        let first = paths[0]
        var end = sent
        while end < first.count, paths.allSatisfy({ end < $0.count && $0[end].id == first[end].id }) { end += 1 }
        defer { sent = end }
        return (0..<parameters.returned).flatMap { tokenEvents(first[sent..<end], choice: $0) }
    }

    /// - Throws: `.nothingAllowed` when the constraints left too few hypotheses that could end.
    private func finalEvents() throws(GenerationFailure) -> [GenerationEvent] {
        guard finished.best.count >= parameters.returned else { throw .nothingAllowed }
        return finished.best.prefix(parameters.returned).enumerated().flatMap { choice, finished in
            let path = finished.hypothesis.path
            let ended = FinishedChoice(
                choice: choice,
                reason: finished.reason,
                tokens: request.decoderPrompt + path.map(\.id),
                cumulativeLogprob: finished.hypothesis.score,
                beamScore: finished.normalizedScore
            )
            return tokenEvents(path[min(sent, path.count)...], choice: choice) + [.finished(ended)]
        }
    }

    private func tokenEvents(_ nodes: ArraySlice<BeamNode>, choice: Int) -> [GenerationEvent] {
        nodes.map { .token(GeneratedToken(choice: choice, id: $0.id, logprob: $0.logprob, top: $0.top)) }
    }
}
