import Tensors

/// How every sublayer ends: `input + dropout(output)`.
extension Pass {
    /// Drops values of a sublayer's output and adds its input, in place.
    ///
    /// - Returns: the key by which `withoutDropped` finds what was dropped.
    func close(_ output: FloatRows, with input: FloatRows) -> UInt64 {
        let key = noise.next()
        output.drop(rate: regularization.dropout, key: key)
        output.add(input)
        return key
    }

    /// The gradient of the sublayer's output: a copy of `gradient` without what `close` dropped.
    func withoutDropped(_ gradient: FloatRows, key: UInt64) -> FloatRows {
        let dropped = arena.copy(gradient)
        dropped.drop(rate: regularization.dropout, key: key)
        return dropped
    }
}
