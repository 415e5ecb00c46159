package import Telemetry

/// Which traces are exported: those whose caller records them, and of those that begin here a part.
package struct SamplingRule: Equatable, Sendable {
    /// The part of traces without a caller that is taken, 0 to 1.
    package let ratio: Double

    package init(ratio: Double) {
        self.ratio = ratio
    }

    /// Decides by the id of the trace, so that every server decides alike.
    package func takes(_ trace: RequestTrace) -> Bool {
        if let parent = trace.parent { return parent.isSampled }
        if ratio >= 1 { return true }
        return ratio > 0 && Double(trace.traceID.low >> 1) < ratio * 0x1p63
    }
}
