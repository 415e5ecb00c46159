import Telemetry

/// What became of a response.
struct Delivery: Sendable {
    /// Bytes of its body that were sent.
    var bytes = 0
    /// From the end of the request's head to the end of the response.
    var duration = Duration.zero
    var end = RequestRecord.End.complete
    /// Whether the connection can take another request.
    var isReusable = false
}
