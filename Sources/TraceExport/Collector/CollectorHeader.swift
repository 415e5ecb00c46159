/// A header field sent with every export, such as the key of a hosted collector.
package struct CollectorHeader: Equatable, Sendable {
    package let name: String
    package let value: String

    /// Set by the exporter alone.
    private static let reserved: Set<String> = [
        "host", "content-length", "content-type", "connection", "transfer-encoding",
    ]

    /// Reads `NAME=VALUE`.
    ///
    /// Returns nil unless the name is a token (RFC 9110 §5.6.2) the exporter does not set itself, and the value visible
    /// ASCII and blanks.
    package init?(_ text: String) {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        name = String(text[..<equals])
        value = String(text[text.index(after: equals)...])
        let marks = "!#$%&'*+-.^_`|~".utf8
        guard !name.isEmpty, !Self.reserved.contains(name.lowercased()),
            value.utf8.allSatisfy({ (32...126).contains($0) }),
            name.utf8.allSatisfy({
                (48...57).contains($0) || (97...122).contains($0 | 32) && $0 < 128 || marks.contains($0)
            })
        else { return nil }
    }
}
