/// A request that is over, for those who write down or export what happened.
///
/// Holds no query, no field value but user agent and host, and nothing of either body.
package struct RequestRecord: Sendable {
    /// How the response ended.
    package enum End: String, Sendable {
        case complete
        /// The client closed its side before the end.
        case clientLeft = "client_left"
        /// The client stopped reading for longer than the server waits.
        case stalled
        /// The server broke it off.
        case aborted
    }

    package let trace: RequestTrace
    /// nil when the request could not be read.
    package var method: String?
    /// The template of the route that answered; nil when none did.
    package var route: String?
    /// As sent, without the query; nil when the request could not be read.
    package var path: String?
    /// Of the response; 499 when the client left before there was one.
    package var status: Int
    /// Bytes of the request's body that were read.
    package var requestBytes = 0
    /// Bytes of the response's body that were sent.
    package var responseBytes = 0
    /// From the end of the head to the end of the response.
    package var duration: Duration
    /// The numeric address of the other end of the connection, which may be a proxy.
    package var remote: String?
    package var userAgent: String?
    /// The server as the client names it, in the field `Host`.
    package var authority: String?
    /// Whether the connection is encrypted.
    package var isSecure = false
    package var end = End.complete

    package init(trace: RequestTrace, status: Int, duration: Duration) {
        self.trace = trace
        self.status = status
        self.duration = duration
    }
}

/// Is told of every request that is over.
///
/// Called on the cooperative pool between two requests of a connection, so it must neither block nor dawdle.
package protocol RequestObserver: Sendable {
    /// Whether requests of a route are of interest; for others no record is made.
    ///
    /// - Parameter route: the template; nil when none answered.
    func wants(route: String?) -> Bool

    /// Called only for routes that are wanted.
    func finished(_ record: RequestRecord)
}
