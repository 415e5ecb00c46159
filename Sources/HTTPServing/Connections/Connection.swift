import Dispatch
import HTTPTypes

/// One client: requests in order, each answered before the next is read.
struct Connection: Sendable {
    private let socket: Socket
    private let input: ConnectionInput
    private let server: HTTPServer

    init(_ socket: Socket, server: HTTPServer) {
        self.socket = socket
        self.server = server
        input = ConnectionInput(socket, limits: server.configuration.limits)
    }

    /// Serves until either side is done; then the socket is closed.
    func serve() async {
        defer { socket.close() }
        do {
            while try await serveOne() {}
        } catch let error as ConnectionInput.HeadFailure {
            if case .refused(let reason) = error { await refuse(reason) }
        } catch {
            // The client has gone: there is nobody to tell.
        }
    }

    /// Answers one request.
    ///
    /// False when the connection ends with it.
    private func serveOne() async throws -> Bool {
        server.connections.setIdle(socket, input.received.isEmpty)
        let head = try await input.readHead()
        server.connections.setIdle(socket, false)
        let exchange = Exchange(
            head: head,
            id: RequestID.of(head.fields),
            socket: socket,
            input: input,
            server: server
        )
        let result = await withTaskGroup(of: Exchange.Progress.self) { group in
            group.addTask { await exchange.answer() }
            group.addTask { await exchange.watch() }
            var ended = Exchange.Progress.clientHasGone
            for await progress in group {
                switch progress {
                case .answered: ended = progress
                // Cancels the handler, which then answers nobody.
                case .clientHasGone: break
                case .watchedEnough: continue
                }
                group.cancelAll()
            }
            return ended
        }
        guard case .answered(let keepsAlive, let bodyWasRead) = result else { return false }
        if keepsAlive {
            if bodyWasRead { return true }
            if await input.drain(head.framing) { return true }
        }
        socket.finishWriting()
        if !bodyWasRead { await input.linger() }
        return false
    }

    private func refuse(_ reason: HTTPParseError) async {
        server.metrics.countParseError(reason)
        let response = server.configuration.errorResponse(reason.status, reason.message)
        guard case .bytes(let body) = response.body else { return }
        let head = ResponseEncoder.head(
            response,
            .length(body.count),
            requestID: RequestID.new(),
            keepsAlive: false
        )
        try? await socket.write(head + body, stall: server.writeStall)
        socket.finishWriting()
        await input.linger()
    }
}
