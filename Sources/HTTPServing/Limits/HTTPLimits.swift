/// The most a client may send or hold.
package struct HTTPLimits: Equatable, Sendable {
    /// Open at once, of all clients; more are answered 503.
    package var connections = 1024
    /// Of one IPv4 address or one /64 network of IPv6; more are answered 429.
    package var connectionsPerClient = 512
    /// Sockets of refused connections kept open for a moment; beyond it they close at once.
    package var heldRefusals = 64
    /// Of the request line without its end; a longer one with a method is answered 414 (RFC 9112 §3).
    package var requestLineBytes = 8 * 1024
    /// Of the request line and all fields together; a longer head is answered 431.
    package var headBytes = 32 * 1024
    /// Field lines of a head, each counted although several may have one name; more are answered 431.
    package var fieldCount = 100
    /// Of a request's body, unpacked.
    package var bodyBytes = 8 * 1024 * 1024
    /// All bodies together, without the small ones.
    package var bodyMemoryBytes = 256 * 1024 * 1024
    /// What a body may hold without being counted in `bodyMemoryBytes`.
    package var smallBodyBytes = 64 * 1024
    /// Bytes that a packed body may unpack to for each of its own, once they are more than `denseBodyBytes`.
    package var bodyRatio = 100
    /// What a packed body may unpack to at any ratio.
    package var denseBodyBytes = 64 * 1024
    /// Below this size the body of a response is not worth packing.
    package var compressedBytes = 1024
    /// Of the extensions of all chunks of one body, which are read and dropped; more are answered 400.
    package var chunkExtensionBytes = 16 * 1024
    /// Of the fields behind the last chunk, which are read and dropped; more are answered 400.
    package var trailerBytes = 8 * 1024
    /// Bytes received and not yet parsed after which the socket is no longer read.
    ///
    /// At least `headBytes`.
    package var bufferedBytes = 64 * 1024
    /// An unread body up to this size is discarded so that the connection can be kept; a longer one closes it.
    package var discardedBodyBytes = 64 * 1024
    /// Bytes read and dropped after a final response; what comes after them is left unread.
    ///
    /// Many times `bodyBytes`, so that a body sent by mistake can be refused too. Dropping bytes costs less than taking
    /// them, so nobody gains by sending them here.
    package var lingerBytes = 256 * 1024 * 1024

    package init() {}
}
