import Dispatch
import HTTPTypes
package import Logging
import Synchronization
package import Telemetry

/// An HTTP/1.1 server over non-blocking sockets.
///
/// A task for each connection, woken by dispatch sources; no thread waits for a client.
package final class HTTPServer: Sendable {
    let configuration: HTTPConfiguration
    let handler: any HTTPHandler
    let metrics: HTTPMetrics
    let connections: OpenConnections
    private let logger: Logger
    private let listener = Mutex<Listener?>(nil)
    private let closing = Atomic<Bool>(false)
    private let ended: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)

    package init(
        configuration: HTTPConfiguration,
        handler: some HTTPHandler,
        metrics: MetricsRegistry,
        logger: Logger
    ) {
        self.configuration = configuration
        self.handler = handler
        self.metrics = HTTPMetrics(metrics)
        self.logger = logger
        connections = OpenConnections(limit: configuration.limits.connections)
        ended = AsyncStream.makeStream(of: Void.self)
    }

    var isShuttingDown: Bool { closing.load(ordering: .acquiring) }

    var writeStall: DispatchTimeInterval {
        .milliseconds(Int(configuration.limits.writeStallSeconds * 1000))
    }

    /// Binds and listens.
    ///
    /// Returns the bound port.
    ///
    /// - Throws: `SocketError.addressInUse` and its like.
    package func listen() throws(SocketError) -> Int {
        let listener = try Listener(host: configuration.host, port: configuration.port)
        self.listener.withLock { $0 = listener }
        return listener.port
    }

    /// Accepts and serves until `shutDown` has finished.
    package func run() async throws {
        listener.withLock { $0 }?.start { [self] socket in accept(socket) }
        for await _ in ended.stream {}
    }

    /// Stops accepting, lets requests in flight finish for up to `drain`, then closes the rest.
    package func shutDown(drain: Duration) async {
        guard !closing.exchange(true, ordering: .acquiringAndReleasing) else { return }
        listener.withLock { $0 }?.close()
        connections.beginClosing()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.connections.waitUntilEmpty() }
            group.addTask {
                try? await Task.sleep(for: drain)
                guard !Task.isCancelled else { return }
                self.logger.warning(
                    "closing connections that did not finish in time",
                    metadata: ["connections": "\(self.connections.count)"]
                )
                self.connections.closeAll()
            }
            await group.next()
            // The sleeper is stopped when all have gone; after it, closed connections are waited for.
            group.cancelAll()
        }
        ended.continuation.finish()
    }

    private func accept(_ socket: Socket) {
        let hasRoom = connections.add(socket)
        metrics.countConnection(hasRoom ? .accepted : .rejected)
        Task {
            guard hasRoom else { return await reject(socket) }
            metrics.open.add(1)
            await Connection(socket, server: self).serve()
            metrics.open.add(-1)
            connections.remove(socket)
        }
    }

    private func reject(_ socket: Socket) async {
        let response = configuration.errorResponse(.serviceUnavailable, "The server has no room for more connections.")
        if case .bytes(let body) = response.body {
            let head = ResponseEncoder.head(
                response,
                .length(body.count),
                requestID: RequestID.new(),
                keepsAlive: false
            )
            try? await socket.write(head + body, stall: .seconds(1))
        }
        socket.close()
    }
}
