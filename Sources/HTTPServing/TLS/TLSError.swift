import Glibc

/// Why a certificate cannot be served.
package enum TLSError: Error, Equatable, Sendable {
    case unreadable(file: String, errno: Int32)
    case noCertificate(file: String)
    case noKey(file: String)
    case encryptedKey(file: String)
    case mismatch(certificate: String, key: String)
    /// OpenSSL's own words for what it does not take.
    case refused(file: String, reason: String)
    case noMemory
}

extension TLSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let file, let number): "\(file) cannot be read: \(String(cString: strerror(number)))"
        case .noCertificate(let file): "\(file) holds no certificate in PEM"
        case .noKey(let file): "\(file) holds no private key in PEM"
        case .encryptedKey(let file): "the key in \(file) is encrypted, but it must be readable without a password"
        case .mismatch(let certificate, let key): "the key in \(key) is not that of the certificate in \(certificate)"
        case .refused(let file, let reason): "\(file) cannot be used for TLS: \(reason)"
        case .noMemory: "no memory is left for TLS"
        }
    }
}
