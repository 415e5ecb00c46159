import Glibc
import Testing

@testable import Telemetry

struct RequestTraceTests {
    static let number = TraceAttribute.Key(log: "number")

    @Test func theCallersTraceIsContinuedUnderASpanOfItsOwn() throws {
        let traceID = try #require(TraceID(high: 1, low: 2)), parentID = try #require(SpanID(3))
        let trace = RequestTrace(id: "a", parent: TraceContext(traceID: traceID, parentID: parentID, isSampled: true))
        #expect(trace.traceID == traceID)
        #expect(trace.spanID != parentID)
        #expect(trace.traceID.text == "00000000000000010000000000000002")
    }

    @Test func idsAreDrawnOnceAndDiffer() {
        let traces = (0..<100).map { RequestTrace(id: "\($0)") }
        #expect(Set(traces.map(\.traceID)).count == 100)
        #expect(Set(traces.map(\.spanID)).count == 100)
        #expect(traces[0].traceID == traces[0].traceID && traces[0].spanID == traces[0].spanID)
    }

    @Test func settingAgainReplaces() {
        let trace = RequestTrace(id: "a")
        trace.set(Self.number, .integer(1))
        trace.set(.init(log: "other"), .flag(true))
        trace.set(Self.number, .integer(2))
        #expect(trace.attributes.map(\.value) == [.integer(2), .flag(true)])
    }

    @Test func attributesAndSpansBeyondTheirLimitsAreNotKept() {
        let trace = RequestTrace(id: "a")
        for index in 0...RequestTrace.maximumAttributes { trace.set(.init(log: "\(index)"), .integer(index)) }
        for _ in 0...RequestTrace.maximumSpans { trace.add(TraceSpan("queue", from: trace.start, to: trace.start)) }
        #expect(trace.attributes.count == RequestTrace.maximumAttributes)
        #expect(trace.spans.count == RequestTrace.maximumSpans)
        trace.set(.init(log: "0"), .integer(7))
        #expect(trace.attributes[0].value == .integer(7))
    }

    @Test func momentsKeepTheirDistancesOnTheWallClock() {
        let trace = RequestTrace(id: "a")
        #expect(trace.time(of: trace.start) == trace.startTime)
        #expect(trace.time(of: trace.start + .nanoseconds(1_500_000_001)) - trace.startTime == 1_500_000_001)
        #expect(trace.startTime - trace.time(of: trace.start - .seconds(2)) == 2_000_000_000)
        #expect(trace.startTime > 1_700_000_000_000_000_000)
    }

    /// The clocks are read one after the other; a thread may be put off in between.
    @Test func noMomentLiesInTheFuture() {
        func wallClock() -> UInt64 {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        }
        let traces = (0..<1000).map { _ in RequestTrace(id: "a") }
        for _ in 0..<100 {
            let moment = ContinuousClock.now
            let latest = wallClock()
            #expect(traces.allSatisfy { $0.time(of: moment) <= latest })
        }
    }

    @Test func aSpanNeverEndsBeforeItBegan() {
        let now = ContinuousClock.now
        #expect(TraceSpan("decode", from: now, to: now - .seconds(1)).duration == .zero)
    }
}
