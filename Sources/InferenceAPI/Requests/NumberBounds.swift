/// The values a number may have, and how an error message says so.
struct NumberBounds: CustomStringConvertible, Sendable {
    var minimum: Double
    var maximum: Double
    var excludesMinimum = false

    static func from(_ minimum: Double, to maximum: Double) -> NumberBounds {
        NumberBounds(minimum: minimum, maximum: maximum)
    }

    static func above(_ minimum: Double, to maximum: Double) -> NumberBounds {
        NumberBounds(minimum: minimum, maximum: maximum, excludesMinimum: true)
    }

    func contains(_ value: Double) -> Bool {
        (excludesMinimum ? value > minimum : value >= minimum) && value <= maximum
    }

    var description: String {
        let (low, high) = (Self.text(minimum), Self.text(maximum))
        return excludesMinimum ? "a number above \(low) and at most \(high)" : "a number from \(low) to \(high)"
    }

    private static func text(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? String(value)
    }
}
