import HTTPServing
import JSON

/// `/v2/languages` and `/v2/usage`, as DeepL has them.
struct DeepLEndpoint: Sendable {
    struct Language: Encodable {
        var language: String
        var name: String
        /// Of targets.
        var supportsFormality: Bool?

        enum CodingKeys: String, CodingKey {
            case language, name
            case supportsFormality = "supports_formality"
        }
    }

    struct Usage: Encodable {
        /// Since the server started.
        var characterCount: Int
        /// What DeepL says where there is no limit.
        let characterLimit = 1_000_000_000_000

        enum CodingKeys: String, CodingKey {
            case characterCount = "character_count"
            case characterLimit = "character_limit"
        }
    }

    let context: RequestContext

    /// The languages of `type`, which is `source` unless the query or the body says `target`.
    func languages(_ request: ServerRequest) async throws(APIError) -> ServerResponse {
        let directions = try context.directions()
        let isTarget = try await context.read(request, .query(text: ["type", "auth_key"])) { members throws(APIError) in
            var reader = ParameterReader(members)
            switch reader.value("type") {
            case nil, .string(""), .string("source"): return false
            case .string("target"): return true
            case .some(let value): throw APIError.outOfRange("type", "\"source\" or \"target\"", value)
            }
        }
        let codes = isTarget ? directions.targets : directions.sources()
        return .json(
            directions.languages.filter { codes.contains($0.code) }.map {
                Language(
                    language: $0.code.uppercased(),
                    name: $0.name,
                    supportsFormality: isTarget ? false : nil
                )
            }
        )
    }

    func usage(_ request: ServerRequest) async throws(APIError) -> ServerResponse {
        _ = try context.directions()
        return .json(Usage(characterCount: context.translated.count))
    }
}
