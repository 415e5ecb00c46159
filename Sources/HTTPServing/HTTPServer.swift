package import Logging
package import Telemetry

/// What the server allows a client; every limit has a default here.
package struct HTTPConfiguration: Sendable {
    package var host = "127.0.0.1"
    package var port = 8080
    package init() {}
}

/// An HTTP/1.1 server over non-blocking sockets.
package final class HTTPServer: Sendable {
    package init(
        configuration: HTTPConfiguration,
        handler: some HTTPHandler,
        metrics: MetricsRegistry,
        logger: Logger
    ) {}

    /// Binds and listens. Returns the bound port.
    package func listen() throws -> Int { 0 }

    /// Accepts and serves until `shutDown` has finished.
    package func run() async throws {}

    /// Stops accepting, lets requests in flight finish for up to `drain`, then closes the rest.
    package func shutDown(drain: Duration) async {}
}
