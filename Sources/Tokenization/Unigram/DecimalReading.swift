/// How `tokenizers` reads the decimal numbers of its files.
enum DecimalReading {
    /// What `tokenizers` takes for the number that is written as the shortest decimals for `exact`.
    ///
    /// It rounds twice, the digits and their quotient by a power of ten, and so is off by a bit for one in five of the
    /// numbers of a vocabulary. That bit decides between cuts whose scores add up to the same.
    static func rounded(_ exact: Double) -> Double {
        let text = "\(exact.magnitude)"
        let parts = text.split(separator: "e")
        let mantissa = (parts.first ?? "").split(separator: ".", omittingEmptySubsequences: false)
        let exponent = parts.count > 1 ? Int(parts[1]) : 0
        guard mantissa.count == 2, let exponent else { return exact }
        let fraction = mantissa[1] == "0" ? "" : mantissa[1]
        let shift = exponent - fraction.utf8.count
        guard let digits = UInt64(mantissa[0] + fraction), let power = Double("1e\(abs(shift))"), power.isFinite
        else { return exact }
        let value = shift < 0 ? Double(digits) / power : Double(digits) * power
        return exact < 0 ? -value : value
    }
}
