import JSON

/// Reads the JSON object of a request body.
///
/// Of members with the same name the last one counts.
enum JSONBody {
    /// Objects and arrays inside one another.
    static let maximumDepth = 32
    /// Combining marks in a row, about twice what Unicode's stream-safe texts have (UAX #15, section 13).
    static let maximumMarks = 64

    private static let rules = JSONRules(
        maximumDepth: maximumDepth,
        duplicateNames: .lastCounts,
        byteOrderMark: .ignored,
        maximumMarks: maximumMarks
    )

    /// - Throws: `APIError.malformedJSON`, whose sentence says what is wrong and at which byte.
    static func object(_ bytes: [UInt8]) throws(APIError) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes, rules)
        } catch {
            throw .malformedJSON(sentence(error, bytes))
        }
        guard case .object(let members) = value else {
            throw .malformedJSON("The body must be a JSON object, but it is \(value.kind).")
        }
        return members
    }

    private static func sentence(_ error: JSONError, _ bytes: [UInt8]) -> String {
        if case .nestedTooDeeply(let limit) = error.problem { return "The body is nested deeper than \(limit) levels." }
        guard String(validating: bytes, as: UTF8.self) != nil else { return "The body is not valid UTF-8." }
        return "The body cannot be read as JSON: \(error)."
    }
}
