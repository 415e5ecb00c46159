extension Float {
    /// The value as answers carry it: JSON has neither infinities nor NaN.
    var finite: Float {
        isNaN ? -9999 : Swift.min(Swift.max(self, -9999), 9999)
    }
}
