/// What a caller says about the trace its request belongs to: W3C Trace Context, `traceparent` and `tracestate`.
package struct TraceContext: Equatable, Sendable {
    package let traceID: TraceID
    /// The caller's span.
    package let parentID: SpanID
    /// Whether the caller records its part of the trace.
    package let isSampled: Bool
    /// The members of `tracestate` to pass on; nil when there are none or they are malformed.
    package let state: String?

    package init(traceID: TraceID, parentID: SpanID, isSampled: Bool, state: String? = nil) {
        self.traceID = traceID
        self.parentID = parentID
        self.isSampled = isSampled
        self.state = state
    }

    /// Reads the values of the two header fields, each as often as it was sent.
    ///
    /// Returns nil unless there is exactly one valid `traceparent` (§3.2.2): a new trace then begins.
    package init?(traceparent: [String], tracestate: [String]) {
        guard traceparent.count == 1, let parent = Self.parse(Array(traceparent[0].utf8)) else { return nil }
        traceID = parent.traceID
        parentID = parent.parentID
        isSampled = parent.isSampled
        state = TraceState(tracestate)?.text
    }

    /// The value of `traceparent` that names this span as the parent.
    package var traceparent: String { "00-\(traceID.text)-\(parentID.text)-\(isSampled ? "01" : "00")" }

    private static let length = 55

    /// `version "-" trace-id "-" parent-id "-" trace-flags`, all lower-case hexadecimal.
    ///
    /// Later versions may append more behind a dash; what is known of them is read all the same (§3.2.4).
    private static func parse(_ bytes: [UInt8]) -> TraceContext? {
        guard bytes.count >= length, [2, 35, 52].allSatisfy({ bytes[$0] == dash }),
            let version = number(bytes[0..<2]), version != 0xFF,
            bytes.count == length || version > 0 && bytes[length] == dash,
            let high = number(bytes[3..<19]), let low = number(bytes[19..<35]),
            let span = number(bytes[36..<52]), let flags = number(bytes[53..<55]),
            let traceID = TraceID(high: high, low: low), let parentID = SpanID(span)
        else { return nil }
        return TraceContext(traceID: traceID, parentID: parentID, isSampled: flags & 1 == 1)
    }

    private static let dash = UInt8(ascii: "-")

    /// The value of at most sixteen lower-case digits.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case 48...57: value = value << 4 | UInt64(digit - 48)
            case 97...102: value = value << 4 | UInt64(digit - 87)
            default: return nil
            }
        }
        return value
    }
}
