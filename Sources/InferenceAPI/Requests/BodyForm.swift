import Foundation
import HTTPServing
import HTTPTypes
import JSON

/// What the members of a request may be written in.
enum BodyForm: Equatable, Sendable {
    /// A JSON object.
    case json
    /// A JSON object or a form (URL Standard §5), and members of the query string where the body has none of their name.
    ///
    /// The named members of a form are text; of any other one that is written as a number or a boolean is one. A name that
    /// is there several times is an array.
    case jsonOrForm(text: Set<String>)
    /// The same, or nothing at all: a query string is enough.
    case query(text: Set<String>)

    /// What reads the bytes of a request's body.
    ///
    /// - Throws: when its type is not taken.
    func reader(
        of request: ServerRequest
    ) throws(APIError) -> @Sendable ([UInt8]) throws(APIError) -> JSONObject {
        let types = request.fields[words: .contentType]
        let type = types.isEmpty ? nil : Self.mediaType(types.joined(separator: ", "))
        let (text, needsBody): (Set<String>, Bool)
        switch self {
        case .json:
            if let type, type != "application/json" {
                throw .unsupportedMediaType(request.fields[.contentType] ?? type)
            }
            return { bytes throws(APIError) in try JSONBody.object(bytes) }
        case .jsonOrForm(let names): (text, needsBody) = (names, true)
        case .query(let names): (text, needsBody) = (names, false)
        }
        let query = request.query ?? ""
        switch type {
        case nil, "application/json":
            return { bytes throws(APIError) in
                let members = try FormBody.members(Array(query.utf8), text: text)
                if bytes.isEmpty, !(members.isEmpty && needsBody) { return members }
                return members.merging(try JSONBody.object(bytes))
            }
        case "application/x-www-form-urlencoded":
            return { bytes throws(APIError) in
                try FormBody.members(Array(query.utf8), text: text)
                    .merging(try FormBody.members(bytes, text: text))
            }
        default: throw .notFormOrJSON(request.fields[.contentType] ?? "")
        }
    }

    private static func mediaType(_ contentType: String) -> String {
        contentType.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    }
}

/// Reads `application/x-www-form-urlencoded`, the URL Standard §5.1.
enum FormBody {
    private static let maximumPairs = 4096

    /// - Throws: `.malformedForm` for what is not percent-encoded UTF-8, or has too many parts.
    static func members(_ bytes: [UInt8], text: Set<String>) throws(APIError) -> JSONObject {
        var values: [String: [JSONValue]] = [:]
        var count = 0
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            count += 1
            guard count <= maximumPairs else { throw .malformedForm("it has more than \(maximumPairs) members") }
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try decoded(parts[0])
            let value = try decoded(parts.count > 1 ? parts[1] : [])
            // As in the queries of other makers' clients, `text[]` is a list.
            let plain = name.hasSuffix("[]") ? String(name.dropLast(2)) : name
            values[plain, default: []].append(text.contains(plain) ? .string(value) : scalar(value))
        }
        var members = JSONObject()
        for (name, values) in values { members[name] = values.count == 1 ? values[0] : .array(values) }
        return members
    }

    private static func scalar(_ text: String) -> JSONValue {
        switch text.lowercased() {
        case "": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: break
        }
        guard text.utf8.count <= 32, let value = try? JSONParser.parse(Array(text.utf8)), value.isNumber else {
            return .string(text)
        }
        return value
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) throws(APIError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst()?.hexadecimalDigit, let low = rest.popFirst()?.hexadecimalDigit else {
                    throw .malformedForm("a % in it has no two hexadecimal digits behind it")
                }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .malformedForm("it is not UTF-8") }
        guard !CombiningMarks.exceed(JSONBody.maximumMarks, in: text) else {
            throw .malformedForm("it has more than \(JSONBody.maximumMarks) combining marks in a row")
        }
        return text
    }
}

extension UInt8 {
    fileprivate var hexadecimalDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
