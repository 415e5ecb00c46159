/// What a request says of how tokens are picked; nil where it leaves its word out.
///
/// Turned into a strategy beside what the model's files say: one place for every endpoint and command.
package struct AskedStrategy: Equatable, Sendable {
    /// Who speaks where a request does not.
    package enum Speaker: String, CaseIterable, Sendable {
        /// The model's files, and else transformers: an encoder–decoder is greedy, a language model draws.
        case model
        /// OpenAI's interface: tokens are drawn at temperature 1.
        case openai
    }

    /// Continuations wanted.
    package var choices = 1
    /// Continuations drawn, or beams where beams are wanted and no number of them is given.
    package var bestOf: Int?
    /// Beams without their number: as many as drawn or wanted.
    package var wantsBeams = false
    package var words = PickingWords()

    package init() {}

    /// Whether it asks for drawn tokens, and so for no beams.
    private var speaksOfDrawing: Bool { words.speakOfDrawing || bestOf != nil }

    /// - Parameters:
    ///   - model: what the files say.
    ///   - isLanguageModel: the model has no encoder.
    ///   - maximumRows: beams that the model's own word is cut to.
    package func strategy(
        _ model: GenerationConfiguration,
        _ speaker: Speaker,
        isLanguageModel: Bool,
        maximumRows: Int
    ) -> GenerationRequest.Strategy {
        let defaults = speaker == .model ? model.defaults : PickingWords()
        let width = beamWidth(defaults, maximumRows: maximumRows)
        guard width > 1 || wantsBeams else { return .sample(sampling(defaults, speaker, isLanguageModel)) }
        let said = words.filled(with: defaults)
        var parameters = BeamParameters()
        parameters.beams = width
        parameters.returned = choices
        parameters.lengthPenalty = said.lengthPenalty ?? 1
        parameters.earlyStopping = said.earlyStopping ?? .heuristic
        let filters = filters(defaults)
        if said.draws ?? false, filters.temperature > 0 { parameters.draw = .init(filters: filters) }
        return .beam(parameters)
    }

    private func beamWidth(_ defaults: PickingWords, maximumRows: Int) -> Int {
        if let beams = words.beams { return beams }
        if wantsBeams { return bestOf ?? choices }
        guard !speaksOfDrawing, let own = defaults.beams, own > 1 else { return 1 }
        // As many as are returned at least.
        return min(max(own, choices), maximumRows)
    }

    private func sampling(_ defaults: PickingWords, _ speaker: Speaker, _ isLanguageModel: Bool) -> Sampling {
        var sampling = Sampling()
        sampling.draws = bestOf ?? choices
        sampling.returned = choices
        // Nothing said anywhere: transformers is greedy, and nobody wants stray words in a translation.
        let byDefault = speaker == .openai || (defaults.draws ?? isLanguageModel)
        let isDrawn = words.temperature == 0 ? false : words.draws ?? (speaksOfDrawing || byDefault)
        let filters = filters(defaults)
        sampling.pick = isDrawn && filters.temperature > 0 ? .random(filters) : .greedy
        return sampling
    }

    private func filters(_ defaults: PickingWords) -> Sampling.Filters {
        let said = words.filled(with: defaults)
        var filters = Sampling.Filters()
        filters.temperature = said.temperature ?? 1
        // Where the files ask for drawing and nobody says from how many, transformers draws from 50.
        let implicit = !speaksOfDrawing && defaults.draws == true ? Self.impliedTopK : nil
        filters.topK = (said.topK ?? implicit).flatMap { $0 > 0 ? $0 : nil }
        filters.topP = said.topP.flatMap { $0 < 1 ? $0 : nil }
        filters.minP = said.minP.flatMap { $0 > 0 ? $0 : nil }
        filters.typicalP = said.typicalP.flatMap { $0 > 0 && $0 < 1 ? $0 : nil }
        return filters
    }

    private static let impliedTopK = 50
}
