import Batching
import Generation
import JSON

extension CompletionReader {
    typealias ReadStrategy = (strategy: GenerationRequest.Strategy, choices: Int, rowsParameter: String)

    /// Sampling or beam search, how many continuations to return, and which parameter decided the rows.
    mutating func readStrategy() throws(APIError) -> ReadStrategy {
        guard endpoint != .route else { return (.sample(Sampling()), 1, "n") }
        let rows = limits.maximumRows
        let choices = try readChoices()
        let bestOf = try reader.integer("best_of", in: 0...rows).flatMap { $0 == 0 ? nil : $0 }
        let wantsBeams = try reader.flag("use_beam_search") ?? false
        let beams = try reader.integer("num_beams", in: 1...rows)
        let filters = try readFilters()
        let beam = try readBeamParameters()
        if wantsBeams || endpoint == .beamSearch || (beams ?? 1) > 1 {
            let width = beams ?? (endpoint == .beamSearch ? 4 : bestOf ?? choices)
            return try beamStrategy(beam, width: width, choices: choices, named: beams == nil && bestOf != nil)
        }
        guard choices <= rows else {
            throw .outOfRange("n", "an integer from 1 to \(rows)", .integer(choices))
        }
        if let bestOf, bestOf < choices {
            throw .invalid(parameter: "best_of", "'best_of' must be at least 'n', \(choices), but it is \(bestOf).")
        }
        var sampling = Sampling()
        sampling.pick = filters.map { .random($0) } ?? .greedy
        sampling.draws = bestOf ?? choices
        sampling.returned = choices
        return (.sample(sampling), choices, bestOf == nil ? "n" : "best_of")
    }

    /// `n`, which transformers calls `num_return_sequences`.
    private mutating func readChoices() throws(APIError) -> Int {
        let range = 1...configuration.maximumChoices
        let returned = try reader.integer("num_return_sequences", in: range)
        guard endpoint == .completions, let n = try reader.integer("n", in: range) else { return returned ?? 1 }
        if let returned, returned != n {
            throw .invalid(
                parameter: "num_return_sequences",
                "'num_return_sequences' is another name for 'n', but they are \(returned) and \(n)."
            )
        }
        return n
    }

    private func beamStrategy(
        _ parameters: BeamParameters,
        width: Int,
        choices: Int,
        named bestOfDecides: Bool
    ) throws(APIError) -> ReadStrategy {
        guard width <= limits.maximumRows else {
            throw .outOfRange("n", "an integer from 1 to \(limits.maximumRows)", .integer(width))
        }
        guard choices <= width else {
            let name = endpoint == .beamSearch ? "num_return_sequences" : "n"
            let limit = bestOfDecides ? "best_of" : "num_beams"
            throw .invalid(
                parameter: name,
                "'\(name)' must be at most '\(limit)', \(width), but it is \(choices)."
            )
        }
        var parameters = parameters
        parameters.beams = width
        parameters.returned = choices
        return (.beam(parameters), choices, bestOfDecides ? "best_of" : "num_beams")
    }

    /// The random filters; nil when the temperature is 0.
    private mutating func readFilters() throws(APIError) -> Sampling.Filters? {
        let temperature = try reader.number("temperature", .from(0, to: 2)) ?? 1
        var filters = Sampling.Filters()
        filters.temperature = temperature
        filters.topK = try reader.integer("top_k", in: -1...Int(Int32.max)).flatMap { $0 > 0 ? $0 : nil }
        filters.topP = try reader.number("top_p", .above(0, to: 1)).flatMap { $0 < 1 ? $0 : nil }
        filters.minP = try reader.number("min_p", .from(0, to: 1)).flatMap { $0 > 0 ? $0 : nil }
        filters.typicalP = try reader.number("typical_p", .above(0, to: 1)).flatMap { $0 < 1 ? $0 : nil }
        return temperature == 0 ? nil : filters
    }

    private mutating func readBeamParameters() throws(APIError) -> BeamParameters {
        var parameters = BeamParameters()
        parameters.lengthPenalty = try reader.number("length_penalty", .from(-100, to: 100)) ?? 1
        switch reader.value("early_stopping") {
        case nil, .bool(false): parameters.earlyStopping = .heuristic
        case .bool(true): parameters.earlyStopping = .whenFull
        case .string("never"): parameters.earlyStopping = .never
        case .some(let value): throw .wrongType("early_stopping", "true, false or \"never\"", value)
        }
        return parameters
    }
}
