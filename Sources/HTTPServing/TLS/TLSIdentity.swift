import Synchronization

/// The certificate and key a server shows its clients, from two PEM files that may be read again while it runs.
///
/// Any thread may use it.
package final class TLSIdentity: Sendable {
    private let certificate: String
    private let key: String
    private let current: Mutex<TLSContext>

    /// Reads both files.
    ///
    /// - Parameters:
    ///   - certificate: the path of the server's certificate, followed by those that issued it.
    ///   - key: the path of its private key, not encrypted.
    package init(certificate: String, key: String) throws(TLSError) {
        self.certificate = certificate
        self.key = key
        current = Mutex(try TLSContext(certificate: certificate, key: key))
    }

    /// Reads both files again, for connections from now on; when that fails, what was read before stays.
    ///
    /// Tickets given out before are no longer taken: their holders make a whole handshake and see the new certificate.
    package func reload() throws(TLSError) {
        let fresh = try TLSContext(certificate: certificate, key: key)
        current.withLock { $0 = fresh }
    }

    /// What clients may refuse the certificate for, one sentence each: expired, not valid yet, a broken chain.
    package var warnings: [String] { context.warnings }

    /// When the certificate ends, in seconds since 1970.
    package var expiry: Int { context.expiry }

    var context: TLSContext { current.withLock { $0 } }
}
