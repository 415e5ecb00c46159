import HTTPTypes
import Telemetry

extension Connection {
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
    func answer(_ head: RequestHead) async -> Bool {
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
        let response = ResponseCompression(limits: channel.limits).apply(
            to: await context.handler.respond(to: ServerRequest(head, body: body, trace: trace)),
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
