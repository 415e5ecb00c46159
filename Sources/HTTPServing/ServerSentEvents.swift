/// Formats server-sent events (HTML Living Standard §9.2).
package enum ServerSentEvents {
    package static let contentType = "text/event-stream; charset=utf-8"

    /// One event.
    ///
    /// A line break in `data` starts another `data:` line.
    package static func event(data: String) -> [UInt8] { lines("data: ", data) }

    /// A line clients ignore; keeps proxies from timing out.
    package static func comment(_ text: String) -> [UInt8] { lines(": ", text) }

    private static func lines(_ prefix: String, _ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + prefix.utf8.count + 2)
        // A Character view joins CR LF, so the pair is one break.
        for line in text.split(
            omittingEmptySubsequences: false,
            whereSeparator: { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
        ) {
            bytes.append(contentsOf: prefix.utf8)
            bytes.append(contentsOf: line.utf8)
            bytes.append(.lineFeed)
        }
        bytes.append(.lineFeed)
        return bytes
    }
}
