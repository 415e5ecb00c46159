import HTTPTypes
import Logging
import Telemetry

/// Sends the response of one request.
struct Exchange: Sendable {
    /// Below this size a head and its body go out in one write.
    private static let joinedBytes = 64 * 1024

    let method: HTTPRequest.Method?
    let version: RequestHead.Version
    let id: String
    let keepsAlive: Bool
    let channel: Channel
    let context: ServerContext

    /// - Returns: whether the whole response was sent and the connection can be used again.
    @discardableResult
    func send(_ response: ServerResponse) async -> Bool {
        let encoder = ResponseEncoder(
            date: context.date.now,
            requestID: id,
            version: version,
            keepsAlive: keepsAlive
        )
        let framing = encoder.framing(of: response)
        let head = encoder.head(of: response, framing: framing)
        do {
            if method == .head || framing == .none {
                try await channel.write(head)
                return framing != .untilClose
            }
            switch response.body {
            case .bytes(let bytes): try await send(head, bytes)
            case .stream(let produce): try await stream(head, framing: framing, produce)
            }
            return framing != .untilClose
        } catch {
            context.logger.debug("response cut short", metadata: ["request_id": "\(id)", "reason": "\(error)"])
            return false
        }
    }

    private func send(_ head: [UInt8], _ body: [UInt8]) async throws {
        if body.count <= Self.joinedBytes {
            try await channel.write(head + body)
        } else {
            try await channel.write(head)
            try await channel.write(body)
        }
        context.metrics.responseBytes.increment(by: UInt64(body.count))
    }

    /// A body that breaks off is not ended properly, so that the client can tell (RFC 9112 §8).
    private func stream(
        _ head: [UInt8],
        framing: ResponseEncoder.Framing,
        _ produce: @Sendable (ResponseWriter) async throws -> Void
    ) async throws {
        try await channel.write(head)
        let writer = ResponseWriter { bytes in
            if channel.hasDeparted { throw SocketError.disconnected }
            try await channel.write(framing == .chunked ? ResponseEncoder.chunk(bytes) : bytes)
            context.metrics.responseBytes.increment(by: UInt64(bytes.count))
        }
        try await produce(writer)
        // Clients may leave after the last piece without reading the end; that is no error.
        if framing == .chunked { try await channel.write(ResponseEncoder.lastChunk) }
    }
}
