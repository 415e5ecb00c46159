import HTTPTypes
import Logging
import Telemetry

/// Sends the response of one request.
struct Exchange: Sendable {
    /// Below this size a head and its body go out in one write.
    private static let joinedBytes = 64 * 1024

    /// nil when there was none that could be read.
    var head: RequestHead?
    /// nil when not even that could be read.
    let method: HTTPRequest.Method?
    let trace: RequestTrace
    /// Whether another request may follow on the connection.
    var keepsAlive = false
    let channel: Channel
    let context: ServerContext

    /// Sends the response as far as the client takes it.
    @discardableResult
    func send(_ response: ServerResponse) async -> Delivery {
        let encoder = ResponseEncoder(
            date: context.date.now,
            requestID: trace.id,
            version: head?.version ?? .http11,
            keepsAlive: keepsAlive
        )
        let framing = encoder.framing(of: response)
        let bytes = encoder.head(of: response, framing: framing)
        let sent = Counter()
        var delivery = Delivery(isReusable: framing != .untilClose)
        do {
            if method == .head || framing == .none {
                try await channel.write(bytes)
            } else {
                switch response.body {
                case .bytes(let body): try await send(bytes, body, sent)
                case .stream(let produce): try await stream(bytes, framing: framing, sent, produce)
                }
            }
        } catch {
            context.logger.debug("response cut short", metadata: ["request_id": "\(trace.id)", "reason": "\(error)"])
            delivery.end = channel.isStalled ? .stalled : channel.hasDeparted ? .clientLeft : .aborted
            delivery.isReusable = false
        }
        delivery.bytes = Int(clamping: sent.value)
        delivery.duration = .now - trace.start
        return delivery
    }

    private func send(_ head: [UInt8], _ body: [UInt8], _ sent: Counter) async throws {
        if body.count <= Self.joinedBytes {
            try await channel.write(head + body)
        } else {
            try await channel.write(head)
            try await channel.write(body)
        }
        count(body.count, in: sent)
    }

    private func count(_ bytes: Int, in sent: Counter) {
        sent.increment(by: UInt64(bytes))
        context.metrics.responseBytes.increment(by: UInt64(bytes))
    }

    /// A body that breaks off is not ended properly, so that the client can tell (RFC 9112 §8).
    private func stream(
        _ head: [UInt8],
        framing: ResponseEncoder.Framing,
        _ sent: Counter,
        _ produce: @Sendable (ResponseWriter) async throws -> Void
    ) async throws {
        try await channel.write(head)
        let writer = ResponseWriter { bytes in
            if channel.hasDeparted { throw SocketError.disconnected }
            try await channel.write(framing == .chunked ? ResponseEncoder.chunk(bytes) : bytes)
            count(bytes.count, in: sent)
        }
        try await produce(writer)
        guard framing == .chunked else { return }
        do {
            try await channel.write(ResponseEncoder.lastChunk)
        } catch {
            // Clients may leave after the last piece without reading the end: they have all they came for.
            guard channel.hasDeparted else { throw error }
        }
    }
}
