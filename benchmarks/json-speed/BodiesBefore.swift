/// Stands in for the API's errors.
enum APIError: Error {
    case malformedJSON(String)
}

/// The number of members of the body.
package func readBodyBefore(_ bytes: [UInt8]) throws -> Int { try JSONBody.object(bytes).count }

package func writtenBefore(_ value: some Encodable) -> [UInt8] { JSONText.bytes(value) }
