/// What is said of how tokens are picked, by files or by a request; nil where nothing is.
package struct PickingWords: Equatable, Sendable {
    /// `num_beams`: hypotheses kept at each step, at least 1; 1 asks for none.
    package var beams: Int?
    /// Scores are divided by the length to this power.
    package var lengthPenalty: Float?
    package var earlyStopping: BeamParameters.EarlyStopping?
    /// `do_sample`.
    package var draws: Bool?
    /// 0 or more; 0 is greedy.
    package var temperature: Float?
    /// 0 for all tokens.
    package var topK: Int?
    /// From 0 to 1; 1 for all tokens.
    package var topP: Float?
    /// From 0, for all tokens, to 1.
    package var minP: Float?
    /// From 0 to 1; 0 and 1 for all tokens.
    package var typicalP: Float?

    package init() {}

    /// Words that ask for drawn tokens.
    var speakOfDrawing: Bool {
        temperature != nil || topP != nil || topK != nil || minP != nil || typicalP != nil || draws != nil
    }

    /// These, and where they leave something out, others.
    func filled(with others: PickingWords) -> PickingWords {
        var words = self
        words.beams = beams ?? others.beams
        words.lengthPenalty = lengthPenalty ?? others.lengthPenalty
        words.earlyStopping = earlyStopping ?? others.earlyStopping
        words.draws = draws ?? others.draws
        words.temperature = temperature ?? others.temperature
        words.topK = topK ?? others.topK
        words.topP = topP ?? others.topP
        words.minP = minP ?? others.minP
        words.typicalP = typicalP ?? others.typicalP
        return words
    }
}
