import Dispatch
import Glibc
import HTTPTypes
package import Logging
import Synchronization
package import Telemetry

/// An HTTP/1.1 server over non-blocking sockets.
package final class HTTPServer: Sendable {
    private enum State {
        case new
        case listening(ListeningSocket)
        case running(Acceptor)
        case stopped
    }

    let context: ServerContext
    let registry = ConnectionRegistry()
    let poller = SocketPoller()
    let admission: Mutex<ConnectionAdmission>
    let refused: RefusedConnections
    private let state = Mutex(State.new)
    private let stopped: AsyncStream<Never>
    private let stoppedContinuation: AsyncStream<Never>.Continuation

    /// Touches no socket yet; a server runs once, and a stopped one is not started again.
    ///
    /// - Parameters:
    ///   - handler: asked for every request that could be read, several at a time.
    ///   - metrics: gets the families of connections, requests and refusals.
    package init(
        configuration: HTTPConfiguration,
        handler: some HTTPHandler,
        metrics: MetricsRegistry,
        logger: Logger
    ) {
        context = ServerContext(
            configuration: configuration,
            handler: handler,
            metrics: HTTPMetrics(metrics),
            logger: logger
        )
        admission = Mutex(ConnectionAdmission(limits: configuration.limits))
        refused = RefusedConnections(context: context)
        (stopped, stoppedContinuation) = AsyncStream.makeStream()
    }

    /// Binds and listens.
    ///
    /// Returns the bound port.
    package func listen() throws -> Int {
        let configuration = context.configuration
        let socket = try ListeningSocket(
            host: configuration.host,
            port: configuration.port,
            backlog: configuration.backlog
        )
        state.withLock { $0 = .listening(socket) }
        return socket.port
    }

    /// Accepts and serves until `shutDown` has finished.
    package func run() async throws {
        if state.withLock({ if case .new = $0 { true } else { false } }) { _ = try listen() }
        guard startAccepting() else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.watchDeadlines() }
            for await _ in self.stopped {}
            group.cancelAll()
        }
        // A task of its own, since waits in a cancelled one end at once.
        if Task.isCancelled { await Task { await shutDown(drain: .zero) }.value }
    }

    private func startAccepting() -> Bool {
        state.withLock { state in
            guard case .listening(let socket) = state else { return false }
            let acceptor = Acceptor(descriptor: socket.descriptor, logger: context.logger) {
                [weak self] descriptor, client in
                if let self { self.accepted(descriptor, from: client) } else { close(descriptor) }
            }
            poller.start()
            acceptor.start()
            state = .running(acceptor)
            return true
        }
    }

    /// Stops accepting, lets requests in flight finish for up to `drain`, then closes the rest.
    ///
    /// - Parameter onDeadline: called when requests are left after that, to end them with an answer if it can.
    package func shutDown(drain: Duration, onDeadline: @Sendable () -> Void = {}) async {
        let isFirst = state.withLock { state in
            defer { state = .stopped }
            switch state {
            case .new: return true
            case .listening(let socket): close(socket.descriptor)
            case .running(let acceptor): acceptor.stop()
            case .stopped: return false
            }
            return true
        }
        guard isFirst else {
            for await _ in stopped {}
            return
        }
        // Connections accepted last get the time to hand over the request that is already under way.
        try? await Task.sleep(for: context.configuration.timeouts.lastAccepted)
        context.beginDraining()
        for entry in registry.entries { entry.channel.endIfIdle() }
        await registry.drain(for: drain)
        if registry.count > 0 {
            onDeadline()
            await registry.drain(for: context.configuration.timeouts.abort)
        }
        for entry in registry.entries { entry.task.cancel() }
        if registry.count > 0 { await registry.drain(for: context.configuration.timeouts.abort) }
        for entry in registry.entries { entry.channel.close() }
        poller.stop()
        stoppedContinuation.finish()
    }

    /// One look at all connections now and then is cheaper than a timer for each.
    private func watchDeadlines() async {
        let pause = context.configuration.timeouts.granularity
        var wasLate = false
        while !Task.isCancelled {
            let began = ContinuousClock.now
            try? await Task.sleep(for: pause)
            // After a stop of the whole process, what arrived meanwhile is read before anybody is called late.
            wasLate = !wasLate && ContinuousClock.now - began > pause * 2
            if wasLate { continue }
            for entry in registry.entries { entry.channel.checkDeadline() }
            refused.report()
        }
    }
}
