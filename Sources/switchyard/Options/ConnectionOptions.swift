import ArgumentParser
import HTTPServing
import Tensors

/// How many clients may connect, and how long the server waits for them.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "Connections open at once; more are answered 503.")
    var maxConnections = 1024

    @Option(
        help: """
            Connections of one IPv4 address or IPv6 /64 network, 429 beyond; for a proxy in front, --max-connections.
            """
    )
    var maxConnectionsPerAddress = 512

    @Option(help: "Seconds a request's header fields may take to arrive.")
    var headerTimeout = 10

    @Option(help: "Seconds a request's body may take to arrive, plus one for each kilobyte.")
    var bodyTimeout = 30

    @Option(help: "Seconds a connection may wait for its next request.")
    var idleTimeout = 75

    @Option(help: "Seconds a client may read nothing of its answer.")
    var writeTimeout = 30

    @Option(
        help:
            "Memory for request bodies larger than 64 kB, all together, such as 64M; 503 beyond. Default: 256M, or a sixteenth of the memory this process may use."
    )
    var maxBodyMemory: ByteSize?

    func validate() throws {
        try Limit.check("--max-connections", maxConnections, in: 1...1_000_000)
        try Limit.check("--max-connections-per-address", maxConnectionsPerAddress, in: 1...1_000_000)
        try Limit.check("--header-timeout", headerTimeout, in: 1...3600)
        try Limit.check("--body-timeout", bodyTimeout, in: 1...86400)
        try Limit.check("--idle-timeout", idleTimeout, in: 1...86400)
        try Limit.check("--write-timeout", writeTimeout, in: 1...86400)
    }

    /// Sets the limits and the waits; flags are in seconds.
    func apply(to configuration: inout HTTPConfiguration) {
        configuration.limits.connections = maxConnections
        configuration.limits.connectionsPerClient = maxConnectionsPerAddress
        let limits = HTTPLimits()
        // Room for two of the largest, at least.
        let range = 2 * limits.bodyBytes...limits.bodyMemoryBytes
        configuration.limits.bodyMemoryBytes = maxBodyMemory?.bytes ?? MachineShare.current().bodyBytes(in: range)
        configuration.timeouts.head = .seconds(headerTimeout)
        configuration.timeouts.body = .seconds(bodyTimeout)
        configuration.timeouts.idle = .seconds(idleTimeout)
        configuration.timeouts.writeStall = .seconds(writeTimeout)
    }
}
