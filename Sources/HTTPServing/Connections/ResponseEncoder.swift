import Foundation
import HTTPTypes
import Synchronization

/// Writes response heads and chunks (RFC 9112 §4, §7.1).
struct ResponseEncoder: Sendable {
    /// How the end of a response's body is told.
    enum Framing: Equatable, Sendable {
        case none
        case length(Int)
        case chunked
        /// To an HTTP/1.0 client: the connection closes.
        case untilClose
    }

    static func head(_ response: ServerResponse, _ framing: Framing, requestID: String, keepsAlive: Bool) -> [UInt8] {
        var text = "HTTP/1.1 \(response.status.code) \(response.status.reasonPhrase)\r\n"
        text += "Date: \(HTTPDate.now())\r\n"
        for field in response.fields { text += "\(field.name.rawName): \(field.value)\r\n" }
        text += "X-Request-Id: \(requestID)\r\n"
        switch framing {
        case .none, .untilClose: break
        case .length(let count): text += "Content-Length: \(count)\r\n"
        case .chunked: text += "Transfer-Encoding: chunked\r\n"
        }
        text += keepsAlive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n"
        return Array(text.utf8)
    }

    static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [13, 10]
    }

    static let lastChunk = Array("0\r\n\r\n".utf8)
    static let continuation = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
}

/// The time as HTTP writes it (RFC 9110 §5.6.7), made once a second.
enum HTTPDate {
    private static let cached = Mutex<(second: Int, text: String)>((0, ""))

    static func now() -> String {
        let second = Int(Date().timeIntervalSince1970)
        return cached.withLock { cached in
            if cached.second != second { cached = (second, text(second)) }
            return cached.text
        }
    }

    static func text(_ second: Int) -> String {
        var time = time_t(second)
        var parts = tm()
        gmtime_r(&time, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return String(
            format: "%@, %02d %@ %04d %02d:%02d:%02d GMT",
            days[Int(parts.tm_wday)],
            parts.tm_mday,
            months[Int(parts.tm_mon)],
            Int(parts.tm_year) + 1900,
            parts.tm_hour,
            parts.tm_min,
            parts.tm_sec
        )
    }
}
