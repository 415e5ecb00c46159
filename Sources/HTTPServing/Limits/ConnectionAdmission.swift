/// Decides which connections are served: so many in all, and so many of one client.
///
/// Knows no sockets; whoever admits a connection also says when it is over.
struct ConnectionAdmission: Sendable {
    private let limits: HTTPLimits
    private(set) var count = 0
    private var counts: [ClientNetwork: Int] = [:]

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// How many clients have a connection.
    var clients: Int { counts.count }

    /// Counts the connection, or says why not.
    mutating func admit(_ client: ClientNetwork) -> ConnectionRefusal? {
        admit(client, upTo: limits.connections)
    }

    /// As `admit`, after another connection was ended to make room, which may not have left yet.
    mutating func admitReplacement(_ client: ClientNetwork) -> ConnectionRefusal? {
        admit(client, upTo: limits.connections + limits.heldRefusals)
    }

    private mutating func admit(_ client: ClientNetwork, upTo limit: Int) -> ConnectionRefusal? {
        guard count < limit else { return .full }
        guard counts[client, default: 0] < limits.connectionsPerClient else { return .clientFull }
        count += 1
        counts[client, default: 0] += 1
        return nil
    }

    /// A connection that was admitted is over.
    mutating func leave(_ client: ClientNetwork) {
        guard let current = counts[client] else { return }
        count -= 1
        counts[client] = current > 1 ? current - 1 : nil
    }
}
