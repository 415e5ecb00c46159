import ArgumentParser
import HTTPServing
import Telemetry

/// Whether the server speaks TLS, and with what.
struct TLSOptions: ParsableArguments {
    @Option(help: "A PEM file: the server's certificate, then those that issued it. SIGHUP reads it again.")
    var tlsCertificate: String?

    @Option(help: "A PEM file: the certificate's private key, not encrypted.")
    var tlsKey: String?

    @Option(help: "Seconds a TLS handshake may take.")
    var tlsHandshakeTimeout = 10

    /// Of addresses the server is reached by.
    var scheme: String { tlsCertificate == nil ? "http" : "https" }

    func validate() throws {
        if tlsCertificate != nil, tlsKey == nil {
            throw ValidationError("--tls-certificate needs the certificate's key: give --tls-key too.")
        }
        if tlsKey != nil, tlsCertificate == nil {
            throw ValidationError("--tls-key needs the key's certificate: give --tls-certificate too.")
        }
        try Limit.check("--tls-handshake-timeout", tlsHandshakeTimeout, in: 1...3600)
    }

    /// Reads both files; nil without the flags.
    func identity() throws(TLSError) -> TLSIdentity? {
        guard let tlsCertificate, let tlsKey else { return nil }
        return try TLSIdentity(certificate: tlsCertificate, key: tlsKey)
    }

    /// Sets the identity and the time a handshake has, and registers when the certificate ends.
    ///
    /// - Parameter identity: what `identity` returned; nil for a server without TLS.
    func apply(_ identity: TLSIdentity?, to configuration: inout HTTPConfiguration, _ registry: MetricsRegistry) {
        configuration.tls = identity
        configuration.timeouts.handshake = .seconds(tlsHandshakeTimeout)
        guard let identity else { return }
        registry.gauge(
            "switchyard_tls_certificate_expiry_timestamp_seconds",
            "When the certificate that is served ends, in seconds since 1970."
        ) { Double(identity.expiry) }
    }
}
