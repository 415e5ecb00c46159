import Logging

extension Connection {
    /// Waits for the handshake, where there is one.
    func establish() async -> Bool {
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
            if error == .plainRequest { await refuse(HTTPParseError.plainRequest, method: nil) }
            return false
        }
    }

    /// Says that this is the end, and closes the socket.
    func end() async {
        await linger()
        channel.close()
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
