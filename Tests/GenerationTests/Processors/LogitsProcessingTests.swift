import Testing

@testable import Generation

@Suite struct LogitsProcessingTests {
    private func processed(
        _ scores: [Float],
        history: [Int32],
        generated: Int,
        _ change: (inout LogitsConstraints) -> Void
    ) -> [Float] {
        var request = GenerationRequest(prompt: [2, 1], stop: StopCondition(maximumTokens: 400, endTokens: [1]))
        change(&request.constraints)
        var scores = scores
        LogitsProcessing(request, start: history.count - generated).apply(
            to: &scores,
            history: history,
            generated: generated
        )
        return scores
    }

    @Test func noRuleMakesAScoreInfinite() {
        let scores: [Float] = [5, 4, 0, -3]
        let history = [Int32](repeating: 0, count: 301)
        let decayed = processed(scores, history: history, generated: 300) {
            $0.lengthDecay = .init(start: 0, factor: 100)
        }
        #expect(decayed == [5, .greatestScore, 0, -3])
        let favoured = processed(scores, history: history, generated: 300) {
            $0.repetitionPenalty = .leastNormalMagnitude
            $0.encoderRepetitionPenalty = 1e30
        }
        #expect(favoured.allSatisfy(\.isFinite) && favoured[0] == .greatestScore)
    }

    @Test func anEndTokenThatIsRuledOutStaysSoHoweverLongTheOutput() {
        let held = processed([5, 4], history: [0, 0, 0], generated: 2) {
            $0.lengthDecay = .init(start: 0, factor: 100)
            $0.minimumTokens = 9
        }
        #expect(held == [5, -.infinity])
    }

    /// A score that no filter can compare is drawn by none of them.
    @Test func filtersLeaveNothingOfWhatIsNoNumber() {
        var filters = Sampling.Filters()
        (filters.topP, filters.minP, filters.typicalP) = (0.9, 0.1, 0.9)
        var scores: [Float] = [1, .infinity, 2]
        #expect(RandomPick(filters: filters).pick(from: &scores, uniform: 0.5) == nil)
    }
}
