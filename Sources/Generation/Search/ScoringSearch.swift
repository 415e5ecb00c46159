import Tensors

/// Takes the scores of what was read with a prompt, some positions a step, and tells of the tokens after them.
///
/// Nothing is searched for: every row asked for is known at the start.
struct ScoringSearch {
    /// A token of a continuation that is told by the scores of one position.
    private struct Place {
        let continuation: Int
        let token: Int
    }

    private let wanted: ScoredTokens
    /// What the first token of each continuation comes after.
    private let first: StepRow.Source
    /// Position of that among the tokens read.
    private let firstPosition: Int
    /// By position after the first: what it tells of, in the order in which the continuations were read.
    private let places: [Place]
    /// Positions whose scores were taken.
    private var taken = 0
    private var scores: PromptScores

    /// - Parameters:
    ///   - firstToken: what continuations come after where nothing was read.
    ///   - read: how many tokens the model has read, those of continuations at the end.
    init(_ wanted: ScoredTokens, firstToken: Int32, read: Int) {
        self.wanted = wanted
        firstPosition = read - wanted.positions
        first = read == 0 ? .token(firstToken, slot: 0) : .position(firstPosition)
        places = wanted.continuations.indices.flatMap { index in
            (1..<max(wanted.continuations[index].count, 1)).map { Place(continuation: index, token: $0) }
        }
        scores = PromptScores(
            labels: Array(repeating: 0, count: wanted.labels.count),
            continuations: wanted.continuations.map { Array(repeating: 0, count: $0.count) }
        )
    }

    /// Asks for the next positions, or tells of all where none is left.
    func ask(in step: inout SearchStep) {
        let next = taken..<min(taken + wanted.perStep, wanted.positions)
        guard !next.isEmpty else {
            step.events.append(.scores(scores))
            return
        }
        for position in next {
            step.rows.append(StepRow(position == 0 ? first : .position(firstPosition + position)))
        }
    }

    /// Takes the scores of the positions last asked for.
    ///
    /// - Throws: `.notANumber` when a row holds no finite logit or a NaN.
    mutating func advance(
        _ logits: VocabularyScores,
        firstRow: Int,
        into step: inout SearchStep
    ) throws(GenerationFailure) {
        let end = min(taken + wanted.perStep, wanted.positions)
        for position in taken..<end {
            let row = try LogitsRow(logits, row: firstRow + position - taken)
            guard position > 0 else {
                takeFirst(row)
                continue
            }
            let place = places[position - 1]
            scores.continuations[place.continuation][place.token] =
                row.logprob(wanted.continuations[place.continuation][place.token])
        }
        taken = end
        ask(in: &step)
    }

    /// What comes next tells of all labels and of the first token of every continuation.
    private mutating func takeFirst(_ row: LogitsRow) {
        scores.labels = wanted.labels.map { row.logprob($0) }
        for (index, continuation) in wanted.continuations.enumerated() {
            scores.continuations[index][0] = row.logprob(continuation[0])
        }
    }
}
