import HTTPTypes

/// Writes the head of a response and knows how its body is framed.
struct ResponseEncoder {
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
        /// HTTP/1.0 has no chunks: the end of the connection is the end of the body.
        case untilClose
    }

    /// Set by the server alone.
    private static let reserved: Set<String> = [
        "connection", "content-length", "date", "keep-alive", "transfer-encoding", "x-request-id",
    ]

    let date: String
    let requestID: String
    let version: RequestHead.Version
    let keepsAlive: Bool

    func framing(of response: ServerResponse) -> Framing {
        // RFC 9110 §8.6: no length in 204; 304 has no content either.
        if response.status.code == 204 || response.status.code == 304 { return .none }
        switch response.body {
        case .bytes(let bytes): return .length(bytes.count)
        case .stream: return version == .http11 ? .chunked : .untilClose
        }
    }

    func head(of response: ServerResponse, framing: Framing) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes.append(contentsOf: "HTTP/1.1 \(response.status.code) \(response.status.reasonPhrase)\r\n".utf8)
        for field in response.fields where !Self.reserved.contains(field.name.canonicalName) {
            append(field.name.rawName, field.value, to: &bytes)
        }
        append("Date", date, to: &bytes)
        append("X-Request-Id", requestID, to: &bytes)
        switch framing {
        case .length(let count): append("Content-Length", "\(count)", to: &bytes)
        case .chunked: append("Transfer-Encoding", "chunked", to: &bytes)
        case .none, .untilClose: break
        }
        if !keepsAlive || framing == .untilClose {
            append("Connection", "close", to: &bytes)
        } else if version == .http10 {
            append("Connection", "keep-alive", to: &bytes)
        }
        bytes.append(contentsOf: [.carriageReturn, .lineFeed])
        return bytes
    }

    private func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: [UInt8(ascii: ":"), .space])
        bytes.append(contentsOf: value.utf8)
        bytes.append(contentsOf: [.carriageReturn, .lineFeed])
    }

    /// One chunk of RFC 9112 §7.1; nothing for no bytes, which would end the body.
    static func chunk(_ payload: [UInt8]) -> [UInt8] {
        guard !payload.isEmpty else { return [] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payload.count + 20)
        bytes.append(contentsOf: String(payload.count, radix: 16).utf8)
        bytes.append(contentsOf: [.carriageReturn, .lineFeed])
        bytes.append(contentsOf: payload)
        bytes.append(contentsOf: [.carriageReturn, .lineFeed])
        return bytes
    }

    static let lastChunk = Array("0\r\n\r\n".utf8)
}
