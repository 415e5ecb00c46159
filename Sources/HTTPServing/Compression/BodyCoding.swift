import HTTPTypes

/// How the content of a request is coded (RFC 9110 §8.4).
enum BodyCoding: Equatable, Sendable {
    case identity
    case gzip
    /// What the server does not unpack, among it gzip within gzip.
    case unsupported

    /// - Parameter values: of every `Content-Encoding` field.
    init(_ values: [String]) {
        let codings = values.joined(separator: ",").lowercased().split(separator: ",").map(\.trimmingBlanks)
            .filter { !$0.isEmpty && $0 != "identity" }
        self = codings.isEmpty ? .identity : codings == ["gzip"] || codings == ["x-gzip"] ? .gzip : .unsupported
    }
}
