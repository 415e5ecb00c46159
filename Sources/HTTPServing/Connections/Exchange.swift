import Dispatch
import HTTPTypes
import Synchronization

/// One request and its response.
final class Exchange: Sendable {
    /// How far an exchange has come, as its two tasks tell it.
    enum Progress: Sendable {
        case answered(keepsAlive: Bool, bodyWasRead: Bool)
        case clientHasGone
        case watchedEnough
    }

    private let head: RequestHead
    private let id: String
    private let socket: Socket
    private let input: ConnectionInput
    private let server: HTTPServer
    private let started = ContinuousClock.now
    /// Set once the handler has asked for the body, or there is none.
    private let wasBodyRead: Atomic<Bool>
    /// Ends once nothing but the watcher reads the connection.
    private let bodyRead: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)

    init(head: RequestHead, id: String, socket: Socket, input: ConnectionInput, server: HTTPServer) {
        self.head = head
        self.id = id
        self.socket = socket
        self.input = input
        self.server = server
        wasBodyRead = Atomic(head.framing == .none)
        bodyRead = AsyncStream.makeStream(of: Void.self)
        if head.framing == .none { bodyRead.continuation.finish() }
    }

    /// Runs the handler and writes its response.
    func answer() async -> Progress {
        let response = await server.handler.respond(to: request)
        let body = wasBodyRead.load(ordering: .acquiring)
        // A client that waits for 100 (Continue) may or may not send its body now: only closing is safe.
        let keepsAlive =
            head.keepsAlive && !server.isShuttingDown && (body || !head.expectsContinue)
            && !(head.minorVersion == 0 && response.isStreamed)
        defer { server.metrics.countRequest(head.method, response, since: started) }
        do {
            try await write(response, keepsAlive: keepsAlive)
            return .answered(keepsAlive: keepsAlive, bodyWasRead: body)
        } catch {
            return .clientHasGone
        }
    }

    /// Notices that the client has gone, once the body has been read.
    func watch() async -> Progress {
        for await _ in bodyRead.stream {}
        guard !Task.isCancelled else { return .watchedEnough }
        return await input.watch() ? .clientHasGone : .watchedEnough
    }

    private var request: ServerRequest {
        ServerRequest(
            method: head.method,
            path: head.path,
            query: head.query,
            fields: head.fields,
            id: id,
            parameters: [:],
            body: RequestBody { [self] () async throws(RequestBodyError) in try await collectBody() }
        )
    }

    private func collectBody() async throws(RequestBodyError) -> [UInt8] {
        guard !wasBodyRead.load(ordering: .acquiring) else { return [] }
        if head.expectsContinue, input.received.isEmpty {
            do {
                try await socket.write(ResponseEncoder.continuation, stall: server.writeStall)
            } catch {
                throw .disconnected
            }
        }
        let body = try await input.readBody(head.framing)
        server.metrics.countBody(received: body.count)
        wasBodyRead.store(true, ordering: .releasing)
        bodyRead.continuation.finish()
        return body
    }

    private func write(_ response: ServerResponse, keepsAlive: Bool) async throws {
        let isBodyless = head.method == .head || [204, 304].contains(response.status.code)
        switch response.body {
        case .bytes(let bytes):
            let framing: ResponseEncoder.Framing = response.status.code == 204 ? .none : .length(bytes.count)
            let start = ResponseEncoder.head(response, framing, requestID: id, keepsAlive: keepsAlive)
            try await send(isBodyless ? start : start + bytes)
        case .stream(let produce):
            let framing: ResponseEncoder.Framing = head.minorVersion == 0 ? .untilClose : .chunked
            try await send(ResponseEncoder.head(response, framing, requestID: id, keepsAlive: keepsAlive))
            guard !isBodyless else { return }
            try await produce(
                ResponseWriter { [self] bytes in
                    guard !bytes.isEmpty else { return }
                    try await send(framing == .chunked ? ResponseEncoder.chunk(bytes) : bytes)
                }
            )
            if framing == .chunked { try await send(ResponseEncoder.lastChunk) }
        }
    }

    private func send(_ bytes: [UInt8]) async throws(SocketError) {
        try await socket.write(bytes, stall: server.writeStall)
        server.metrics.countBody(sent: bytes.count)
    }
}

extension ServerResponse {
    fileprivate var isStreamed: Bool { if case .stream = body { true } else { false } }
}
