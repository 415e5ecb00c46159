import HTTPTypes
import Telemetry

extension Connection {
    /// Answers a request that could not be read.
    ///
    /// - Parameter method: nil when not even that could be read; HEAD gets no body with an error either.
    func refuse(_ error: HTTPParseError, method: HTTPRequest.Method?) async {
        context.metrics.count(error)
        let trace = RequestTrace(id: RequestIdentifier().text)
        await refuse(error, in: Exchange(method: method, trace: trace, channel: channel, context: context))
    }

    /// Answers without asking the handler.
    private func refuse(_ error: HTTPParseError, in exchange: Exchange) async {
        let response = context.configuration.errorResponse(error.status, error.description)
        tell(exchange, response, await exchange.send(response), requestBytes: 0)
    }

    /// - Returns: whether another request may follow on this connection.
    func answer(_ head: RequestHead) async -> Bool {
        let id = RequestIdentifier(fields: head.fields).text
        let trace = RequestTrace(id: id, parent: TraceContext(fields: head.fields))
        let body = RequestBodyReader(
            head: head,
            channel: channel,
            memory: context.bodyMemory,
            onError: context.metrics.count
        )
        var exchange = Exchange(head: head, method: head.method, trace: trace, channel: channel, context: context)
        do throws(RequestBodyError) {
            try await check(body, of: head)
        } catch {
            if let refusal = error.refusal { await refuse(refusal, in: exchange) }
            return false
        }
        let response = ResponseCompression(limits: channel.limits).apply(
            to: await context.handler.respond(to: ServerRequest(head, body: body, trace: trace)),
            accepting: head.fields
        )
        exchange.keepsAlive = head.keepsAlive && body.canBeSkipped && !context.isDraining && !response.asksToClose
        let delivery = await exchange.send(response)
        let (status, bytesRead) = (response.status.code, body.bytesRead)
        context.metrics.requestBytes.increment(by: UInt64(bytesRead))
        context.metrics.finished(head.method, route: response.route, status: status, after: delivery.duration)
        tell(exchange, response, delivery, requestBytes: bytesRead)
        guard delivery.isReusable, exchange.keepsAlive else { return false }
        return (try? await body.skip()) != nil
    }

    /// Finds what is wrong with a body before the handler has the request.
    private func check(_ body: RequestBodyReader, of head: RequestHead) async throws(RequestBodyError) {
        let limit = context.configuration.limits.bodyBytes
        if case .length(let count) = head.framing, count > limit {
            context.metrics.count(RequestBodyError.tooLarge(limit: limit))
            throw .tooLarge(limit: limit)
        }
        // No handler will ask for these chunks, and broken ones are refused whatever the method.
        if head.framing == .chunked, head.method.givesContentNoMeaning { try await body.skip() }
    }

    /// Tells the observers that a request is over.
    private func tell(_ exchange: Exchange, _ response: ServerResponse, _ delivery: Delivery, requestBytes: Int) {
        let observers = context.configuration.observers.filter { $0.wants(route: response.route) }
        guard !observers.isEmpty else { return }
        let head = exchange.head
        var record = RequestRecord(
            trace: exchange.trace,
            status: response.status.code,
            duration: delivery.duration
        )
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

extension ServerRequest {
    fileprivate init(_ head: RequestHead, body: RequestBodyReader, trace: RequestTrace) {
        self.init(
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
