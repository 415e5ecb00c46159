import HTTPTypes
import Logging
import Telemetry

/// Serves the requests of one client, one after the other, in the order in which they came.
///
/// Runs in one task, which is cancelled when the client leaves; so the handler it is in is cancelled too.
struct Connection: Sendable {
    let channel: Channel
    let context: ServerContext

    func serve() async {
        guard await establish() else { return await end() }
        var parser = RequestHeadParser(limits: context.configuration.limits)
        var phase = ConnectionDeadline<ContinuousClock>.Phase.head
        while let head = await nextHead(&parser, phase: phase) {
            guard await answer(head) else { break }
            phase = .idle
        }
        await end()
    }

    /// Waits for the handshake, where there is one.
    private func establish() async -> Bool {
        do throws(SocketError) {
            try await channel.awaitEstablished()
            if let handshake = (channel.transport as? TLSTransport)?.summary { context.metrics.count(handshake) }
            return true
        } catch {
            context.logger.debug("no TLS connection", metadata: ["reason": "\(error)"])
            switch error {
            case .timedOut: context.metrics.count(.timeout)
            case .closed: break
            default: context.metrics.count(.tlsFailed)
            }
            if error == .plainRequest { await refuse(HTTPParseError.plainRequest) }
            return false
        }
    }

    private func end() async {
        await linger()
        channel.close()
    }

    /// The next request, or nil when the connection is over; what is wrong with a request has then been answered.
    private func nextHead(
        _ parser: inout RequestHeadParser,
        phase: ConnectionDeadline<ContinuousClock>.Phase
    ) async -> RequestHead? {
        var phase = phase
        channel.begin(phase)
        // A drain that began before this line no longer looks at this connection.
        if context.isDraining, !channel.hasInbound { return nil }
        while true {
            do throws(HTTPParseError) {
                if let head = try channel.withInbound({ input throws(HTTPParseError) in try parser.parse(&input) }) {
                    channel.begin(.handling)
                    return head
                }
                if phase == .idle, channel.hasInbound {
                    phase = .head
                    channel.begin(phase)
                }
                guard try await moreBytes() else { return nil }
            } catch {
                await refuse(error)
                return nil
            }
        }
    }

    /// - Returns: false when the client has gone or never began a request.
    private func moreBytes() async throws(HTTPParseError) -> Bool {
        do throws(SocketError) {
            return try await channel.awaitBytes()
        } catch {
            guard error == .timedOut else { return false }
            context.metrics.count(.timeout)
            if !channel.hasInbound { return false }
            throw .lateHead
        }
    }

    private func refuse(_ error: HTTPParseError) async {
        context.metrics.count(error)
        let response = context.configuration.errorResponse(error.status, error.description)
        await refuse(with: response, id: RequestIdentifier().text)
    }

    private func refuse(with response: ServerResponse, id: String) async {
        let exchange = Exchange(
            method: nil,
            version: .http11,
            id: id,
            keepsAlive: false,
            channel: channel,
            context: context
        )
        await exchange.send(response)
    }

    /// - Returns: whether another request may follow on this connection.
    private func answer(_ head: RequestHead) async -> Bool {
        let id = RequestIdentifier(fields: head.fields).text
        let limit = context.configuration.limits.bodyBytes
        if case .length(let count) = head.framing, count > limit {
            let error = HTTPParseError.bodyTooLarge(limit: limit)
            context.metrics.count(error)
            await refuse(with: context.configuration.errorResponse(error.status, error.description), id: id)
            return false
        }
        let body = RequestBodyReader(head: head, channel: channel, onError: context.metrics.count)
        let request = ServerRequest(
            method: head.method,
            path: head.target.path,
            query: head.target.query,
            fields: head.fields,
            id: id,
            body: RequestBody { () async throws(RequestBodyError) in try await body.collect() }
        )
        let started = ContinuousClock.now
        let response = await context.handler.respond(to: request)
        let exchange = Exchange(
            method: head.method,
            version: head.version,
            id: id,
            keepsAlive: head.keepsAlive && body.canBeSkipped && !context.isDraining && !response.asksToClose,
            channel: channel,
            context: context
        )
        let isIntact = await exchange.send(response)
        let duration = ContinuousClock.now - started
        let status = response.status.code
        context.metrics.requestBytes.increment(by: UInt64(body.bytesRead))
        context.metrics.finished(head.method, route: response.route, status: status, after: duration)
        context.logger.debug(
            "answered",
            metadata: [
                "request_id": "\(id)", "method": "\(head.method.rawValue)", "route": "\(response.route ?? "other")",
                "status": "\(status)", "seconds": "\(duration / .seconds(1))",
            ]
        )
        guard isIntact, exchange.keepsAlive else { return false }
        return await skip(body)
    }

    /// Reads past a body the handler did not ask for.
    private func skip(_ body: RequestBodyReader) async -> Bool {
        guard !body.isFinished else { return true }
        do throws(RequestBodyError) {
            _ = try await body.collect()
            return true
        } catch {
            return false
        }
    }

    /// Lets the client read the last response before the socket goes (RFC 9112 §9.6).
    private func linger() async {
        guard (try? await channel.shutDownWriting()) != nil else { return }
        channel.begin(.lingering)
        var left = context.configuration.limits.lingerBytes
        while left > 0, !channel.hasDeparted {
            left -= channel.withInbound { input in
                let count = input.count
                input.consume(count)
                return count
            }
            guard let more = try? await channel.awaitBytes(), more else { return }
        }
    }
}

extension ServerResponse {
    fileprivate var asksToClose: Bool { fields[.connection]?.lowercased() == "close" }
}
