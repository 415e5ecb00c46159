extension Float {
    /// A token's log-probability as answers carry it: -9999 for what is less, minus infinity among it, or no number.
    var asLogprob: Float { self >= -9999 ? Swift.min(self, .greatestFiniteMagnitude) : -9999 }

    /// The very value; nil for infinities and what is no number, which JSON has no way to write.
    var ifFinite: Float? { isFinite ? self : nil }
}
