import Glibc
import Synchronization

/// What is known about one request while it is served: who it is, when it began, and what its handlers found out.
///
/// Made for a request and let go with it. Any thread may add to it; whoever is told that the request is over reads it.
/// Ids nobody asks for are never drawn.
package final class RequestTrace: Sendable {
    /// Attributes beyond it are not kept.
    package static let maximumAttributes = 64
    /// Spans beyond it are not kept.
    package static let maximumSpans = 32

    private struct State {
        var traceID: TraceID?
        var spanID: SpanID?
        var attributes: [TraceAttribute] = []
        var spans: [TraceSpan] = []
    }

    /// The request's id: the client's `X-Request-Id` when valid, else generated.
    package let id: String
    /// The caller's trace; nil when the request begins one.
    package let parent: TraceContext?
    /// When the trace was made, on the clock that spans are measured by.
    package let start: ContinuousClock.Instant
    /// The same moment on the wall clock, in nanoseconds since the Unix epoch; never later than it was.
    package let startTime: UInt64
    private let state: Mutex<State>

    /// Begins now, on both clocks.
    ///
    /// - Parameter id: may stand in a header field as it is.
    package init(id: String, parent: TraceContext? = nil) {
        self.id = id
        self.parent = parent
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        startTime = UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
        // After the wall clock: a thread that is put off between the two must not move the request into the future.
        start = .now
        state = Mutex(State(traceID: parent?.traceID))
    }

    /// The caller's trace, or one of the request's own.
    package var traceID: TraceID {
        state.withLock { state in
            let id = state.traceID ?? .random()
            state.traceID = id
            return id
        }
    }

    /// The span that is the request's time in this server.
    package var spanID: SpanID {
        state.withLock { state in
            let id = state.spanID ?? .random()
            state.spanID = id
            return id
        }
    }

    /// What is known so far, in the order in which it was first set.
    package var attributes: [TraceAttribute] { state.withLock { $0.attributes } }

    /// The parts that are over, in the order in which they were added.
    package var spans: [TraceSpan] { state.withLock { $0.spans } }

    /// Sets an attribute, or replaces it.
    package func set(_ key: TraceAttribute.Key, _ value: TraceAttribute.Value) {
        state.withLock { state in
            if let index = state.attributes.firstIndex(where: { $0.key == key }) {
                state.attributes[index].value = value
            } else if state.attributes.count < Self.maximumAttributes {
                state.attributes.append(TraceAttribute(key, value))
            }
        }
    }

    /// Adds a part that is over.
    package func add(_ span: TraceSpan) {
        state.withLock { state in
            if state.spans.count < Self.maximumSpans { state.spans.append(span) }
        }
    }

    /// A moment of the request on the wall clock, in nanoseconds since the Unix epoch.
    ///
    /// Moments keep their distances: a clock that is set meanwhile changes nothing.
    package func time(of instant: ContinuousClock.Instant) -> UInt64 {
        let (seconds, attoseconds) = (instant - start).components
        let nanoseconds = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !nanoseconds.overflow else { return startTime }
        let offset = nanoseconds.partialValue &+ attoseconds / 1_000_000_000
        return offset >= 0 ? startTime &+ UInt64(offset) : startTime &- offset.magnitude
    }
}
