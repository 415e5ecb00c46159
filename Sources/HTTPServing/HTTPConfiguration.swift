package import HTTPTypes
package import Telemetry

/// What the server allows a client; every limit has a default here.
package struct HTTPConfiguration: Sendable {
    package var host = "127.0.0.1"
    /// 0 lets the system choose; `HTTPServer.listen` says which.
    package var port = 8080
    /// Connections the system completes before they are accepted; the system may hold fewer.
    package var backlog = 512
    package var limits = HTTPLimits()
    package var timeouts = HTTPTimeouts()
    /// Every connection speaks TLS when there is one.
    package var tls: TLSIdentity?

    /// Builds the response of errors the server finds itself: parse errors, 408, 413, 417 and 503.
    package var errorResponse: @Sendable (HTTPResponse.Status, _ message: String) -> ServerResponse = {
        ErrorBody(status: $0, message: $1).response
    }

    /// Told of every request that is over, in this order; requests refused for the connection cap never began.
    package var observers: [any RequestObserver] = []

    package init() {}
}

/// How long the server waits for a client.
package struct HTTPTimeouts: Equatable, Sendable {
    /// From accepting a connection to the end of the TLS handshake.
    package var handshake: Duration = .seconds(10)
    /// From the first byte of a head, or from accepting the connection and the handshake, to the end of the head.
    package var head: Duration = .seconds(10)
    /// For a body, plus one second for each `bodyBytesPerSecond` that arrived.
    package var body: Duration = .seconds(30)
    /// The slowest a client may send a body for as long as it likes.
    package var bodyBytesPerSecond = 1024
    /// Between a response and the next request.
    package var idle: Duration = .seconds(75)
    /// Without the socket taking a byte of the response.
    package var writeStall: Duration = .seconds(30)
    /// For the client to close after a final response, or to go on with what it was sending.
    package var linger: Duration = .seconds(2)
    /// For the client to close after a final response, however much it sends.
    package var longestLinger: Duration = .seconds(30)
    /// For the first bytes on connections accepted as a drain began.
    package var lastAccepted: Duration = .milliseconds(50)
    /// For what a client owes when all connections are taken; after that a new one may replace it.
    package var patienceWhenFull: Duration = .seconds(1)
    /// For a client whose connection was refused to read why.
    package var refusal: Duration = .milliseconds(500)
    /// Between two lines of the log about connections refused for the same reason.
    package var refusalReport: Duration = .seconds(60)
    /// For requests that a drain did not wait for to be told so.
    package var abort: Duration = .seconds(5)
    /// How often deadlines are looked at; each may pass this much late.
    package var granularity: Duration = .milliseconds(100)

    package init() {}
}
