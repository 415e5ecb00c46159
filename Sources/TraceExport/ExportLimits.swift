/// What exporting traces may cost.
package struct ExportLimits: Equatable, Sendable {
    /// Requests that wait to be sent; the traces of more are dropped.
    package var queuedRequests = 2048
    /// Requests sent together.
    package var batchRequests = 512
    /// The longest a request waits for others to be sent with it.
    package var interval: Duration = .seconds(5)
    /// For connecting, sending and the whole response.
    package var attempt: Duration = .seconds(10)
    /// Bytes of a response that are read.
    package var responseBytes = 64 * 1024
    /// Between the first failed attempt and the next; each further one waits twice as long.
    package var firstPause: Duration = .seconds(1)
    /// What doubling stops at; only `Retry-After` may ask for more.
    package var longestPause: Duration = .seconds(60)
    /// The longest a collector may tell us to stay away.
    package var longestRetryAfter: Duration = .seconds(300)

    package init() {}
}
