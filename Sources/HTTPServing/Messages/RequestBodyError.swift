/// Why the body of a request cannot be had.
package enum RequestBodyError: Error, Equatable, Sendable {
    case tooLarge(limit: Int)
    case malformed
    /// It unpacks to more than so many times its size.
    case tooDense(ratio: Int)
    /// It is not gzip, though it says so.
    case malformedCoding
    /// Its `Content-Encoding` is none that the server unpacks; nothing of it was read.
    case unsupportedCoding
    /// All bodies together hold as much memory as they may.
    case noRoom
    case timedOut
    case disconnected
}
