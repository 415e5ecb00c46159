import COpenSSL

/// The SHA-256 digest of a secret, kept instead of the secret and compared in constant time.
package struct SecretDigest: Hashable, Sendable {
    private let bytes: [UInt8]

    /// The digest of the secret's UTF-8.
    package init(of secret: some StringProtocol) {
        bytes = [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { digest, count in
            var secret = String(secret)
            _ = secret.withUTF8 { SHA256($0.baseAddress, $0.count, digest.baseAddress) }
            count = Int(SHA256_DIGEST_LENGTH)
        }
    }

    /// A digest somebody else computed.
    ///
    /// - Parameter hexadecimal: 64 digits; anything else is nil.
    package init?(hexadecimal: some StringProtocol) {
        let digits = hexadecimal.utf8.map(\.hexadecimalValue)
        guard digits.count == 2 * Int(SHA256_DIGEST_LENGTH), !digits.contains(nil) else { return nil }
        let values = digits.compactMap { $0 }
        bytes = stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    package func matches(_ other: SecretDigest) -> Bool {
        zip(bytes, other.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
