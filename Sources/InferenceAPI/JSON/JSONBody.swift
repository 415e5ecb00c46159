import Foundation

/// Reads the JSON object of a request body, refusing what a hostile client could make expensive.
///
/// Accepts RFC 8259 in UTF-8. Of members with the same name the last one counts.
enum JSONBody {
    /// Objects and arrays inside one another.
    static let maximumDepth = 32

    static func object(_ bytes: [UInt8]) throws(APIError) -> [String: JSONValue] {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .malformedJSON("The body is not valid UTF-8.")
        }
        try check(bytes)
        let value: JSONValue
        do {
            value = JSONValue(try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed))
        } catch {
            throw .malformedJSON("The body is not valid JSON, or holds a number beyond the range of a double.")
        }
        guard case .object(let members) = value else {
            throw .malformedJSON("The body must be a JSON object, but it is \(value.kind).")
        }
        return members
    }

    /// Looks at what `JSONSerialization` lets pass: deep nesting, commas before a closing bracket, null bytes.
    private static func check(_ bytes: [UInt8]) throws(APIError) {
        var depth = 0
        var previous: UInt8 = 0
        var isInString = false
        var isEscaped = false
        for byte in bytes {
            if byte == 0 { throw .malformedJSON("The body holds a null character.") }
            if isInString {
                isInString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): continue
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if previous == UInt8(ascii: ",") {
                    throw .malformedJSON("The body has a comma before a closing bracket.")
                }
            default: break
            }
            previous = byte
            if depth > maximumDepth {
                throw .malformedJSON("The body is nested deeper than \(maximumDepth) levels.")
            }
        }
    }
}
