import HTTPTypes

/// Which content codings a client takes, and which it likes better (RFC 9110 §12.5.3).
struct AcceptEncoding: Equatable {
    /// Of gzip and of bytes as they are, in thousandths; 0 means not at all.
    private let gzip: Int
    private let identity: Int

    /// - Parameter values: of every `Accept-Encoding` field; none of them means that gzip is not asked for.
    init(_ values: [String]) {
        var weights: [String: Int] = [:]
        for element in values.joined(separator: ",").lowercased().split(separator: ",") {
            guard let (coding, weight) = Self.parse(element) else { continue }
            weights[coding == "x-gzip" ? "gzip" : coding] = weight
        }
        gzip = weights["gzip"] ?? weights["*"] ?? 0
        // Unless it is refused, identity is always acceptable; unless it is named, anything named is liked better.
        identity = weights["identity"] ?? (weights["*"] == 0 ? 0 : 1)
    }

    var prefersGzip: Bool { gzip > 0 && gzip >= identity }
    /// Bytes as they are would be refused, gzip would not.
    var demandsGzip: Bool { gzip > 0 && identity == 0 }

    /// `codings [ OWS ";" OWS "q=" qvalue ]`; what is malformed counts for nothing.
    private static func parse(_ element: Substring) -> (coding: String, weight: Int)? {
        let parts = element.split(separator: ";", omittingEmptySubsequences: false).map(\.trimmingBlanks)
        guard let coding = parts.first, !coding.isEmpty, coding.utf8.allSatisfy(\.isToken) else { return nil }
        guard parts.count > 1 else { return (String(coding), 1000) }
        guard parts.count == 2, parts[1].hasPrefix("q="), let weight = thousandths(parts[1].dropFirst(2)) else {
            return nil
        }
        return (String(coding), weight)
    }

    /// `qvalue` (RFC 9110 §12.4.2): from 0 to 1, with at most three digits after the point.
    private static func thousandths(_ text: Substring) -> Int? {
        let digits = Array(text.utf8)
        guard (1...5).contains(digits.count), digits.count == 1 || digits[1] == UInt8(ascii: "."),
            digits[0] == UInt8(ascii: "0") || digits[0] == UInt8(ascii: "1")
        else { return nil }
        var weight = Int(digits[0] - UInt8(ascii: "0"))
        for index in 2..<5 {
            let digit = index < digits.count ? digits[index] : UInt8(ascii: "0")
            guard digit.isDigit else { return nil }
            weight = weight * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return weight <= 1000 ? weight : nil
    }
}
