import HTTPTypes

/// The name of a request in logs and responses.
enum RequestID {
    /// The client's `X-Request-Id` when it is up to 128 visible ASCII characters, else a new one.
    static func of(_ fields: HTTPFields) -> String {
        guard let name = HTTPField.Name("X-Request-Id"), let given = fields[name], !given.isEmpty,
            given.utf8.count <= 128, given.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return new() }
        return given
    }

    static func new() -> String {
        let number = UInt64.random(in: .min ... .max)
        let digits = String(number, radix: 16)
        return "req-" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}
