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
}
