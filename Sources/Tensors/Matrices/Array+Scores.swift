import CKernels

/// Operations on one row of scores over the vocabulary.
extension [Float] {
    /// The largest, skipping NaN; minus infinity when there is none.
    package var largestScore: Float {
        withUnsafeBufferPointer { $0.baseAddress.map { ck_max_f32($0, count) } ?? -.infinity }
    }

    /// Replaces every score `s` of `range` by `exp((s - largest) · scale)` and returns their sum.
    package mutating func exponentiate(_ range: Range<Int>, largest: Float, scale: Float) -> Float {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { ck_exponentials_f32($0 + range.lowerBound, range.count, largest, scale) } ?? 0
        }
    }
}
