/// One thing known about a request or about a part of it.
package struct TraceAttribute: Equatable, Sendable {
    /// What is known, and what it is called where it is written down.
    package struct Key: Hashable, Sendable {
        /// The member of an access-log line; nil leaves it out there.
        package let log: String?
        /// The attribute of a span; nil leaves it out there.
        package let span: String?

        package init(log: String? = nil, span: String? = nil) {
            self.log = log
            self.span = span
        }
    }

    /// A value of one of the types that a span's attribute may have.
    package enum Value: Equatable, Sendable {
        case string(String)
        /// Mostly a count.
        case integer(Int)
        /// A measurement; left out of logs unless it is finite.
        case number(Double)
        case flag(Bool)
        case strings([String])
    }

    package let key: Key
    package var value: Value

    package init(_ key: Key, _ value: Value) {
        self.key = key
        self.value = value
    }
}
