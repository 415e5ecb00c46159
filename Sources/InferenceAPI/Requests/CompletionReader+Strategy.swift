import Batching
import Generation
import JSON

extension CompletionReader {
    typealias ReadStrategy = (strategy: GenerationRequest.Strategy, choices: Int, rowsParameter: String)

    /// Sampling or beam search, how many continuations to return, and which parameter decided the rows.
    mutating func readStrategy() throws(APIError) -> ReadStrategy {
        guard endpoint != .route else { return (.sample(Sampling()), 1, "n") }
        let asked = try readAskedStrategy()
        let strategy = asked.strategy(
            model.generation,
            model.speaker,
            isLanguageModel: model.architecture == .languageModel,
            maximumRows: limits.maximumRows
        )
        switch strategy {
        case .beam(let beam):
            // Beams that nobody asked for are the model's, as many as there may be.
            if asked.words.beams == nil, !asked.wantsBeams, asked.choices > beam.beams { throw tooMany(asked.choices) }
            let decides = asked.words.beams == nil && asked.bestOf != nil ? "best_of" : "num_beams"
            return try checked(strategy, width: beam.beams, choices: asked.choices, rowsParameter: decides)
        case .sample, .embedding, .scoring:
            guard asked.choices <= limits.maximumRows else { throw tooMany(asked.choices) }
            if let bestOf = asked.bestOf, bestOf < asked.choices {
                throw .invalid(
                    parameter: "best_of",
                    "'best_of' must be at least 'n', \(asked.choices), but it is \(bestOf)."
                )
            }
            return (strategy, asked.choices, asked.bestOf == nil ? "n" : "best_of")
        }
    }

    private func tooMany(_ choices: Int) -> APIError {
        .outOfRange("n", "an integer from 1 to \(limits.maximumRows)", .integer(choices))
    }

    private mutating func readAskedStrategy() throws(APIError) -> AskedStrategy {
        var asked = AskedStrategy()
        asked.choices = try readChoices()
        asked.bestOf = try reader.integer("best_of", in: 0...limits.maximumRows).flatMap { $0 == 0 ? nil : $0 }
        asked.wantsBeams = try reader.flag("use_beam_search") ?? false
        asked.words.beams = try reader.integer("num_beams", in: 1...limits.maximumRows)
        if endpoint == .beamSearch {
            asked.wantsBeams = true
            asked.words.beams = asked.words.beams ?? min(model.ownBeams ?? 4, limits.maximumRows)
        }
        try readDrawing(into: &asked)
        asked.words.lengthPenalty = try reader.number("length_penalty", .from(-100, to: 100))
        asked.words.earlyStopping = try readEarlyStopping()
        return asked
    }

    private mutating func readDrawing(into asked: inout AskedStrategy) throws(APIError) {
        asked.words.draws = try reader.flag("do_sample")
        asked.words.temperature = try reader.number("temperature", .from(0, to: 2))
        if asked.words.draws == true, asked.words.temperature == 0 {
            throw .invalid(
                parameter: "temperature",
                "'temperature' must be above 0 when 'do_sample' is true, but it is 0."
            )
        }
        asked.words.topK = try reader.integer("top_k", in: -1...Int(Int32.max)).map { max($0, 0) }
        asked.words.topP = try reader.number("top_p", .above(0, to: 1))
        asked.words.minP = try reader.number("min_p", .from(0, to: 1))
        asked.words.typicalP = try reader.number("typical_p", .above(0, to: 1))
    }

    private mutating func readEarlyStopping() throws(APIError) -> BeamParameters.EarlyStopping? {
        switch reader.value("early_stopping") {
        case nil: return nil
        case .bool(false): return .heuristic
        case .bool(true): return .whenFull
        case .string("never"): return .never
        case .some(let value): throw .wrongType("early_stopping", "true, false or \"never\"", value)
        }
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

    private func checked(
        _ strategy: GenerationRequest.Strategy,
        width: Int,
        choices: Int,
        rowsParameter: String
    ) throws(APIError) -> ReadStrategy {
        guard width <= limits.maximumRows else {
            throw tooMany(width)
        }
        guard choices <= width else {
            let name = endpoint == .beamSearch ? "num_return_sequences" : "n"
            throw .invalid(
                parameter: name,
                "'\(name)' must be at most '\(rowsParameter)', \(width), but it is \(choices)."
            )
        }
        return (strategy, choices, rowsParameter)
    }
}

extension ServedModel {
    /// The beams that the model's files name, where they are followed.
    fileprivate var ownBeams: Int? { speaker == .model ? generation.defaults.beams.flatMap { $0 > 1 ? $0 : nil } : nil }
}
