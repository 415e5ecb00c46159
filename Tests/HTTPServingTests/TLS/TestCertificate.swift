import COpenSSL
import Foundation
import Testing

/// A certificate that signed itself and its key, in files of their own that go when this does.
final class TestCertificate: Sendable {
    let directory: URL
    var certificate: String { directory.appending(path: "certificate.pem").path }
    var key: String { directory.appending(path: "key.pem").path }

    init(name: String = "localhost", days: ClosedRange<Int> = -1...30) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try write(name: name, days: days)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// Puts another certificate and key in the place of those that are there.
    ///
    /// - Parameter days: the first and the last on which it is valid, from now.
    func write(name: String, days: ClosedRange<Int> = -1...30) throws {
        let key = try Self.makeKey()
        defer { EVP_PKEY_free(key) }
        let certificate = try #require(X509_new())
        defer { X509_free(certificate) }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), Int.random(in: 1...(1 << 40)))
        X509_gmtime_adj(X509_getm_notBefore(certificate), days.lowerBound * 86400)
        X509_gmtime_adj(X509_getm_notAfter(certificate), days.upperBound * 86400)
        X509_set_pubkey(certificate, key)
        let subject = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0)
        X509_set_issuer_name(certificate, subject)
        try #require(X509_sign(certificate, key, EVP_sha256()) > 0)
        try Self.write(to: self.certificate) { PEM_write_bio_X509($0, certificate) }
        try Self.write(to: self.key) { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    /// Encrypts the key with a password.
    func encryptKey() throws {
        let file = BIO_new_file(key, "r")
        let found = PEM_read_bio_PrivateKey(file, nil, nil, nil)
        BIO_free(file)
        defer { EVP_PKEY_free(found) }
        let password = Array("secret".utf8)
        try Self.write(to: key) {
            PEM_write_bio_PrivateKey($0, found, EVP_aes_128_cbc(), password, Int32(password.count), nil, nil)
        }
    }

    private static func makeKey() throws -> OpaquePointer {
        let context = try #require(EVP_PKEY_CTX_new_from_name(nil, "EC", nil))
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        EVP_PKEY_CTX_set_group_name(context, "P-256")
        var key: OpaquePointer?
        EVP_PKEY_generate(context, &key)
        return try #require(key)
    }

    private static func write(to path: String, _ body: (OpaquePointer?) -> CInt) throws {
        let file = BIO_new_file(path, "w")
        defer { BIO_free(file) }
        try #require(body(file) == 1)
    }
}
