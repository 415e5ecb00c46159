import HTTPTypes
import Logging
import Telemetry

/// Serves the requests of one client, one after the other, in the order in which they came.
///
/// Runs in one task, which is cancelled when the client leaves; so the handler it is in is cancelled too.
struct Connection: Sendable {
    let channel: Channel
    let context: ServerContext
    /// The client's address; nil when nobody observes requests.
    let remote: String?

    init(channel: Channel, context: ServerContext) {
        self.channel = channel
        self.context = context
        remote = context.configuration.observers.isEmpty ? nil : PeerAddress.text(of: channel.descriptor)
    }

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
                await refuse(error, method: parser.method)
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

    /// - Parameter method: nil when not even that could be read; HEAD gets no body with an error either.
    func refuse(_ error: HTTPParseError, method: HTTPRequest.Method?) async {
        context.metrics.count(error)
        let response = context.configuration.errorResponse(error.status, error.description)
        await refuse(nil, method: method, with: response, trace: RequestTrace(id: RequestIdentifier().text))
    }

    /// Answers without asking the handler.
    ///
    /// - Parameter head: nil when there was none that could be read.
    private func refuse(
        _ head: RequestHead?,
        method: HTTPRequest.Method?,
        with response: ServerResponse,
        trace: RequestTrace
    ) async {
        let exchange = Exchange(
            method: method,
            version: head?.version ?? .http11,
            id: trace.id,
            keepsAlive: false,
            channel: channel,
            context: context
        )
        let delivery = await exchange.send(response)
        tell(head, response, delivery, requestBytes: 0, trace: trace, after: ContinuousClock.now - trace.start)
    }

    /// - Returns: whether another request may follow on this connection.
    private func answer(_ head: RequestHead) async -> Bool {
        let trace = RequestTrace(
            id: RequestIdentifier(fields: head.fields).text,
            parent: TraceContext(fields: head.fields)
        )
        let limit = context.configuration.limits.bodyBytes
        if case .length(let count) = head.framing, count > limit {
            let error = HTTPParseError.bodyTooLarge(limit: limit)
            context.metrics.count(error)
            await refuse(head, error, trace: trace)
            return false
        }
        let body = RequestBodyReader(
            head: head,
            channel: channel,
            memory: context.bodyMemory,
            onError: context.metrics.count
        )
        guard await isReadable(body, of: head, trace: trace) else { return false }
        let request = ServerRequest(
            method: head.method,
            path: head.target.path,
            query: head.target.query,
            fields: head.fields,
            trace: trace,
            body: RequestBody(
                read: { () async throws(RequestBodyError) in try await body.collect() },
                release: { body.release() }
            )
        )
        let response = ResponseCompression(limits: channel.limits).apply(
            to: await context.handler.respond(to: request),
            accepting: head.fields
        )
        let exchange = Exchange(
            method: head.method,
            version: head.version,
            id: trace.id,
            keepsAlive: head.keepsAlive && body.canBeSkipped && !context.isDraining && !response.asksToClose,
            channel: channel,
            context: context
        )
        let delivery = await exchange.send(response)
        let duration = ContinuousClock.now - trace.start
        context.metrics.requestBytes.increment(by: UInt64(body.bytesRead))
        context.metrics.finished(head.method, route: response.route, status: response.status.code, after: duration)
        tell(head, response, delivery, requestBytes: body.bytesRead, trace: trace, after: duration)
        guard delivery.isReusable, exchange.keepsAlive else { return false }
        return (try? await body.skip()) != nil
    }

    private func refuse(_ head: RequestHead, _ error: HTTPParseError, trace: RequestTrace) async {
        let response = context.configuration.errorResponse(error.status, error.description)
        await refuse(head, method: head.method, with: response, trace: trace)
    }

    /// Reads the chunks that no handler will ask for, so that broken ones are refused whatever the method.
    private func isReadable(_ body: RequestBodyReader, of head: RequestHead, trace: RequestTrace) async -> Bool {
        guard head.framing == .chunked, head.method.givesContentNoMeaning else { return true }
        do throws(RequestBodyError) {
            try await body.skip()
            return true
        } catch {
            if let refusal = error.refusal { await refuse(head, refusal, trace: trace) }
            return false
        }
    }

    /// Tells the observers that a request is over.
    private func tell(
        _ head: RequestHead?,
        _ response: ServerResponse,
        _ delivery: Delivery,
        requestBytes: Int,
        trace: RequestTrace,
        after duration: Duration
    ) {
        let observers = context.configuration.observers.filter { $0.wants(route: response.route) }
        guard !observers.isEmpty else { return }
        var record = RequestRecord(trace: trace, status: response.status.code, duration: duration)
        record.method = head?.method.rawValue
        record.route = response.route
        record.path = head?.target.path
        record.requestBytes = requestBytes
        record.responseBytes = delivery.bytes
        record.remote = remote
        record.userAgent = head?.fields[.userAgent]
        record.authority = head.flatMap { $0.target.authority ?? $0.fields[.hostField] }
        record.isSecure = context.configuration.tls != nil
        record.end = delivery.end
        if response.isForNobody { record.end = channel.hasDeparted ? .clientLeft : .aborted }
        for observer in observers { observer.finished(record) }
    }
}

extension ServerResponse {
    fileprivate var asksToClose: Bool { fields[.connection]?.lowercased() == "close" }

    /// 499 is what handlers answer when their client left before there was anything to say.
    fileprivate var isForNobody: Bool { status.code == 499 }
}

extension TraceContext {
    /// What the header fields of a request say about its trace.
    fileprivate init?(fields: HTTPFields) {
        guard fields.contains(.traceparent) else { return nil }
        self.init(traceparent: fields[values: .traceparent], tracestate: fields[values: .tracestate])
    }
}
