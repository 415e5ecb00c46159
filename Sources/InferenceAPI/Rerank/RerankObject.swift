/// The answer of `POST /v1/rerank`.
struct RerankObject: Encodable, Sendable {
    struct Document: Encodable, Sendable {
        var text: String
    }

    struct Result: Encodable, Sendable {
        /// Of the document in the request.
        var index: Int
        /// The probability of the relevant token beside the irrelevant one, 0 to 1.
        var relevance: Double
        /// Left out where the client did not want it.
        var document: Document?

        enum CodingKeys: String, CodingKey {
            case index, document
            case relevance = "relevance_score"
        }
    }

    let object = "list"
    var id: String
    var model: String
    /// The most relevant first.
    var results: [Result]
    var usage: EmbeddingsObject.Usage

    /// Indices by their values, the largest first; of equals the lower one.
    static func order(of relevances: [Double]) -> [Int] {
        relevances.indices.sorted {
            relevances[$0] != relevances[$1] ? relevances[$0] > relevances[$1] : $0 < $1
        }
    }
}
