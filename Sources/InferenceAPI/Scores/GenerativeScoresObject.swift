/// The answer of `POST /v1/generative-scores`, in either shape that vLLM has given it.
struct GenerativeScoresObject: Encodable, Sendable {
    /// Where the results are, and what there is of each.
    enum Shape: Sendable {
        /// `/v1/generative-scores`: `results`, with the probability of every label.
        case probabilities
        /// `/generative_scoring`: `data`, with the probability of the first label alone.
        case firstLabel
    }

    /// Of one item.
    struct Result: Sendable {
        var index: Int
        var labels: [Int32]
        /// Of the labels, in their order.
        var probabilities: [Double]
        var continuations: [ScoredContinuation]
    }

    var shape: Shape
    var id: String
    var created: Int
    var model: String
    var results: [Result]
    var usage: Usage

    enum CodingKeys: String, CodingKey {
        case id, object, created, model, results, data, usage
    }

    private enum ResultKeys: String, CodingKey {
        case index, object, score, continuations
        case probabilities = "token_probs"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(shape == .probabilities ? "generative_score" : "list", forKey: .object)
        try container.encode(created, forKey: .created)
        try container.encode(model, forKey: .model)
        try container.encode(usage, forKey: .usage)
        var list = container.nestedUnkeyedContainer(forKey: shape == .probabilities ? .results : .data)
        for result in results {
            var entry = list.nestedContainer(keyedBy: ResultKeys.self)
            try entry.encode(result.index, forKey: .index)
            switch shape {
            case .probabilities:
                let named = zip(result.labels, result.probabilities).map { ("\($0)", $1) }
                try entry.encode(Dictionary(uniqueKeysWithValues: named), forKey: .probabilities)
            case .firstLabel:
                try entry.encode("score", forKey: .object)
                try entry.encodeIfPresent(result.probabilities.first, forKey: .score)
            }
            if !result.continuations.isEmpty { try entry.encode(result.continuations, forKey: .continuations) }
        }
    }
}
