/// A part of a request that is over, such as its time in the queue.
package struct TraceSpan: Equatable, Sendable {
    package let name: String
    package let start: ContinuousClock.Instant
    package let end: ContinuousClock.Instant
    package let attributes: [TraceAttribute]

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

    package var duration: Duration { end - start }
}
