import Foundation
import JSON

/// What a collector answered.
struct CollectorResponse: Equatable {
    let status: Int
    /// From `Retry-After`, when that is a number of seconds.
    let retryAfter: Duration?
    let body: [UInt8]

    /// Reads a whole response, whose end is the end of the connection.
    ///
    /// Returns nil for what is no HTTP response; nothing of it is trusted.
    init?(_ bytes: [UInt8]) {
        let separator = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: separator) }) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3, let status = Int(words[1]),
            status >= 100
        else { return nil }
        self.status = status
        var seconds: Int?
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "retry-after" else { continue }
            seconds = UInt32(parts[1].trimmingCharacters(in: .whitespaces)).map(Int.init)
        }
        retryAfter = seconds.map { .seconds($0) }
        body = Array(bytes[(end + separator.count)...])
    }

    /// What becomes of the spans that were sent (OTLP 1.5, "OTLP/HTTP Response").
    var verdict: ExportVerdict {
        switch status {
        case 200..<300: .accepted
        case 429, 502, 503, 504: .tryAgain(after: retryAfter)
        default: .refused
        }
    }
}

extension CollectorResponse {
    /// What the collector says of spans it did not take although it accepted the rest; nil when it took all.
    ///
    /// 64-bit integers are strings in OTLP's JSON.
    var complaint: String? {
        guard case .object(let answer) = try? JSONParser.parse(body, JSONRules(duplicateNames: .lastCounts)),
            case .object(let partial) = answer["partialSuccess"], case .string(let rejected) = partial["rejectedSpans"],
            let count = Int(rejected), count > 0
        else { return nil }
        let message = if case .string(let text) = partial["errorMessage"] { text } else { "" }
        return "\(count) spans were rejected: \(message.prefix(200))"
    }
}

/// What becomes of spans after an attempt to send them.
enum ExportVerdict: Equatable {
    case accepted
    /// They are kept.
    case tryAgain(after: Duration?)
    /// They are dropped: they would be refused again.
    case refused
}
