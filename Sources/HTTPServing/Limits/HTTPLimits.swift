/// The most a client may send or hold.
package struct HTTPLimits: Equatable, Sendable {
    package var connections = 1024
    /// Of one IPv4 address or one /64 network of IPv6; more are answered 429.
    package var connectionsPerClient = 512
    /// Sockets of refused connections kept open for a moment; beyond it they close at once.
    package var heldRefusals = 64
    package var requestLineBytes = 8 * 1024
    package var headBytes = 32 * 1024
    package var fieldCount = 100
    /// Of a request's body, unpacked.
    package var bodyBytes = 8 * 1024 * 1024
    /// All bodies together, without the small ones.
    package var bodyMemoryBytes = 256 * 1024 * 1024
    package var smallBodyBytes = 64 * 1024
    /// Bytes that a packed body may unpack to for each of its own, once they are more than `denseBodyBytes`.
    package var bodyRatio = 100
    package var denseBodyBytes = 64 * 1024
    /// Below this size the body of a response is not worth packing.
    package var compressedBytes = 1024
    /// Extensions of all chunks of one body, and its trailers.
    package var chunkExtensionBytes = 16 * 1024
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
