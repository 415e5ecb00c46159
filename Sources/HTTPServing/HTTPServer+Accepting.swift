import Glibc
import Logging
import Synchronization
import Telemetry

extension HTTPServer {
    /// When all places are taken, the client that has kept the server waiting for longest loses its own.
    private func admit(_ client: ClientNetwork) -> ConnectionRefusal? {
        let refusal = admission.withLock { $0.admit(client) }
        let patience = context.configuration.timeouts.patienceWhenFull
        guard refusal == .full, let channel = registry.longestOwing(before: .now - patience) else { return refusal }
        context.metrics.count(.replaced)
        channel.close()
        return admission.withLock { $0.admitReplacement(client) }
    }

    /// Serves a connection, or refuses it.
    ///
    /// - Parameter descriptor: owned from now on.
    func accepted(_ descriptor: Int32, from client: ClientNetwork) {
        let configuration = context.configuration
        if let refusal = admit(client) { return refused.answer(descriptor, refusal) }
        guard let transport = transport(descriptor) else {
            context.logger.error("no memory for a TLS connection")
            admission.withLock { $0.leave(client) }
            close(descriptor)
            return
        }
        let channel = Channel(
            descriptor: descriptor,
            transport: transport,
            limits: configuration.limits,
            timeouts: configuration.timeouts
        )
        context.metrics.count(.accepted)
        context.metrics.connectionsOpen.add(1)
        let connection = Connection(channel: channel, context: context)
        let task = registry.add(channel) { [registry, context] in
            Task {
                await connection.serve()
                registry.remove(channel)
                self.admission.withLock { $0.leave(client) }
                context.metrics.connectionsOpen.add(-1)
            }
        }
        do throws(SocketError) {
            try channel.start(poller) { task.cancel() }
        } catch {
            context.logger.error("a connection could not be watched: \(error)")
            channel.close()
        }
    }

    private func transport(_ descriptor: Int32) -> (any ByteTransport)? {
        guard let tls = context.configuration.tls else { return PlainTransport(descriptor: descriptor) }
        return TLSTransport(context: tls.context, descriptor: descriptor)
    }
}
