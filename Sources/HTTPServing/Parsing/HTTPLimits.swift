import Dispatch

/// The most a client may send, and the longest it may take, before the server answers with an error.
package struct HTTPLimits: Equatable, Sendable {
    /// RFC 9112 §3 asks for at least 8,000.
    package var requestLineBytes = 8 * 1024
    package var headBytes = 32 * 1024
    package var fieldCount = 100
    package var bodyBytes = 8 << 20
    /// Bytes of later requests held while one is answered.
    package var pipelinedBytes = 64 * 1024
    /// Bytes of an unread body that are thrown away to keep a connection.
    package var drainedBytes = 64 * 1024
    package var connections = 1024

    /// From a request's first byte to the end of its head.
    package var headSeconds = 10.0
    /// Between requests.
    package var idleSeconds = 75.0
    /// Start of a body to its end, plus one second for each kilobyte that has come.
    package var bodySeconds = 30.0
    /// The longest a client may take no bytes of a response.
    package var writeStallSeconds = 30.0

    package init() {}
}

extension DispatchTime {
    static func seconds(_ seconds: Double) -> DispatchTime { .now() + seconds }
}
