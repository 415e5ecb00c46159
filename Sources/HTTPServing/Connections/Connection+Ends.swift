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
    ///
    /// A socket closed while bytes come is reset. Proxies among others then lose a response that they have not read yet,
    /// so what a client was sending is taken in until it closes. Once that is too much, the bytes are left where they
    /// are: the client is held up, which leaves it time to read.
    private func linger() async {
        guard (try? await channel.shutDownWriting()) != nil else { return }
        channel.begin(.lingering)
        var left = context.configuration.limits.lingerBytes
        repeat {
            let dropped = channel.withInbound { input in
                let count = min(input.count, left)
                input.consume(count)
                return count
            }
            left -= dropped
        } while (try? await channel.awaitBytes()) == true
    }
}
