/// Names a trace: sixteen bytes, not all zero.
package struct TraceID: Hashable, Sendable {
    /// The first eight bytes, in the order they are written.
    package let high: UInt64
    /// The last eight bytes, by which sampling goes.
    package let low: UInt64

    /// Returns nil for the id that is all zero, which no trace may have.
    package init?(high: UInt64, low: UInt64) {
        guard high | low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    private init(random low: UInt64) {
        high = .random(in: .min ... .max)
        self.low = low
    }

    /// An id of its own for a trace that begins here.
    package static func random() -> TraceID { TraceID(random: .random(in: 1 ... .max)) }

    /// 32 lower-case hexadecimal digits.
    package var text: String { high.hexadecimal + low.hexadecimal }
}

/// Names a span: eight bytes, not all zero.
package struct SpanID: Hashable, Sendable {
    /// The eight bytes in the order they are written; never 0.
    package let value: UInt64

    /// Returns nil for zero, which no span may have.
    package init?(_ value: UInt64) {
        guard value != 0 else { return nil }
        self.value = value
    }

    private init(random value: UInt64) {
        self.value = value
    }

    /// An id of its own for a span that begins here.
    package static func random() -> SpanID { SpanID(random: .random(in: 1 ... .max)) }

    /// 16 lower-case hexadecimal digits.
    package var text: String { value.hexadecimal }
}

extension UInt64 {
    /// Sixteen lower-case digits.
    fileprivate var hexadecimal: String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            for index in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: self >> UInt64(60 - 4 * index)) & 15
                buffer[index] = digit < 10 ? 48 + digit : 87 + digit
            }
            return 16
        }
    }
}
