/// A part of a request that is over, such as its time in the queue.
package struct TraceSpan: Equatable, Sendable {
    package let name: String
    /// On the clock of the request's trace, which turns it into a time of day.
    package let start: ContinuousClock.Instant
    /// Never before `start`.
    package let end: ContinuousClock.Instant
    package let attributes: [TraceAttribute]

    /// A part that ends before it starts is kept as one without duration.
    package init(
        _ name: String,
        from start: ContinuousClock.Instant,
        to end: ContinuousClock.Instant,
        attributes: [TraceAttribute] = []
    ) {
        self.name = name
        self.start = start
        self.end = max(start, end)
        self.attributes = attributes
    }

    /// Zero or more.
    package var duration: Duration { end - start }
}
