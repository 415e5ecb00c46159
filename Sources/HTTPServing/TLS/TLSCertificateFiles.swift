private import COpenSSL
import Glibc

/// The two PEM files a TLS context is made of.
///
/// Contexts handed to its functions stay the caller's.
struct TLSCertificateFiles {
    let certificate: String
    let key: String

    func install(in context: OpaquePointer) throws(TLSError) {
        try checkReadable(certificate)
        try checkReadable(key)
        ERR_clear_error()
        guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
            let code = ERR_peek_error()
            let isMissing =
                COpenSSL_ERR_GET_LIB(code) == ERR_LIB_PEM
                && COpenSSL_ERR_GET_REASON(code) == PEM_R_NO_START_LINE
            let reason = OpenSSLError.takeReason()
            throw isMissing ? .noCertificate(file: certificate) : .refused(file: certificate, reason: reason)
        }
        let key = try readKey()
        defer { EVP_PKEY_free(key) }
        guard SSL_CTX_use_PrivateKey(context, key) == 1, SSL_CTX_check_private_key(context) == 1 else {
            ERR_clear_error()
            throw .mismatch(certificate: certificate, key: self.key)
        }
    }

    private func checkReadable(_ file: String) throws(TLSError) {
        var status = stat()
        guard access(file, R_OK) == 0, stat(file, &status) == 0 else {
            throw .unreadable(file: file, errno: errno)
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw .unreadable(file: file, errno: EISDIR) }
    }

    private func readKey() throws(TLSError) -> OpaquePointer {
        guard let file = BIO_new_file(key, "r") else { throw .unreadable(file: key, errno: errno) }
        defer { BIO_free(file) }
        var isEncrypted = false
        let found = withUnsafeMutablePointer(to: &isEncrypted) { isEncrypted in
            // Without an answer of ours OpenSSL would ask the terminal for the password.
            let refuse: @convention(c) (UnsafeMutablePointer<CChar>?, CInt, CInt, UnsafeMutableRawPointer?) -> CInt = {
                $3?.assumingMemoryBound(to: Bool.self).pointee = true
                return -1
            }
            return PEM_read_bio_PrivateKey(file, nil, refuse, isEncrypted)
        }
        ERR_clear_error()
        guard let found else { throw isEncrypted ? .encryptedKey(file: key) : .noKey(file: key) }
        return found
    }

    /// What clients may refuse the installed certificate for.
    func warnings(of context: OpaquePointer) -> [String] {
        guard let leaf = SSL_CTX_get0_certificate(context) else { return [] }
        var warnings: [String] = []
        if X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0 {
            warnings.append("The certificate in \(certificate) has expired.")
        }
        if X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0 {
            warnings.append("The certificate in \(certificate) is not valid yet.")
        }
        var issued = leaf
        for issuer in Self.issuers(in: context) {
            if X509_check_issued(issuer, issued) != X509_V_OK || X509_verify(issued, X509_get0_pubkey(issuer)) != 1 {
                warnings.append("The chain in \(certificate) is broken: a certificate did not issue the one before it.")
                break
            }
            issued = issuer
        }
        return warnings
    }

    /// When the installed certificate ends, in seconds since 1970; 0 when that cannot be told.
    func expiry(of context: OpaquePointer) -> Int {
        guard let leaf = SSL_CTX_get0_certificate(context) else { return 0 }
        var end = tm()
        guard ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end) == 1 else { return 0 }
        return timegm(&end)
    }

    private static func issuers(in context: OpaquePointer) -> [OpaquePointer] {
        let chain = COpenSSL_SSL_CTX_get0_chain_certs(context)
        return (0..<max(0, OPENSSL_sk_num(chain))).compactMap { OpaquePointer(OPENSSL_sk_value(chain, $0)) }
    }
}
