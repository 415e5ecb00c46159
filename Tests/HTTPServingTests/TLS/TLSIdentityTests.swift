import Foundation
import Testing

@testable import HTTPServing

@Suite(.timeLimit(.minutes(1)))
struct TLSIdentityTests {
    private func error(certificate: String, key: String) -> String? {
        do throws(TLSError) {
            _ = try TLSIdentity(certificate: certificate, key: key)
            return nil
        } catch { return error.description }
    }

    @Test func everyBadFileIsNamedInASentence() throws {
        let files = try TestCertificate()
        let (certificate, key, folder) = (files.certificate, files.key, files.directory.path)
        let text = folder + "/text"
        try Data("hello".utf8).write(to: URL(fileURLWithPath: text))
        let missing = folder + "/missing"
        #expect(error(certificate: missing, key: key) == "\(missing) cannot be read: No such file or directory")
        #expect(error(certificate: certificate, key: missing) == "\(missing) cannot be read: No such file or directory")
        #expect(error(certificate: folder, key: key) == "\(folder) cannot be read: Is a directory")
        #expect(error(certificate: text, key: key) == "\(text) holds no certificate in PEM")
        #expect(error(certificate: key, key: key) == "\(key) holds no certificate in PEM")
        #expect(error(certificate: certificate, key: text) == "\(text) holds no private key in PEM")
        #expect(error(certificate: certificate, key: certificate) == "\(certificate) holds no private key in PEM")
        let other = try TestCertificate()
        #expect(
            error(certificate: certificate, key: other.key)
                == "the key in \(other.key) is not that of the certificate in \(certificate)"
        )
        try other.encryptKey()
        #expect(
            error(certificate: other.certificate, key: other.key)
                == "the key in \(other.key) is encrypted, but it must be readable without a password"
        )
    }

    @Test func aCertificateCutShortIsRefused() throws {
        let files = try TestCertificate()
        let url = URL(fileURLWithPath: files.certificate)
        let text = try String(contentsOf: url, encoding: .utf8)
        for count in [text.count / 4, text.count / 2, text.count - 30] {
            try Data(text.utf8.prefix(count)).write(to: url)
            #expect(error(certificate: files.certificate, key: files.key) != nil)
        }
    }

    @Test func whatClientsMayRefuseIsWarnedOf() throws {
        let fine = try TestCertificate()
        #expect(try TLSIdentity(certificate: fine.certificate, key: fine.key).warnings == [])
        let old = try TestCertificate(days: -30...(-1))
        let identity = try TLSIdentity(certificate: old.certificate, key: old.key)
        #expect(identity.warnings == ["The certificate in \(old.certificate) has expired."])
        #expect(abs(Date.now.timeIntervalSince1970 - 86400 - Double(identity.expiry)) < 60)
        let early = try TestCertificate(days: 1...30)
        #expect(
            try TLSIdentity(certificate: early.certificate, key: early.key).warnings
                == ["The certificate in \(early.certificate) is not valid yet."]
        )
        let stranger = try Data(contentsOf: URL(fileURLWithPath: old.certificate))
        let file = URL(fileURLWithPath: fine.certificate)
        try (Data(contentsOf: file) + stranger).write(to: file)
        #expect(
            try TLSIdentity(certificate: fine.certificate, key: fine.key).warnings
                == ["The chain in \(fine.certificate) is broken: a certificate did not issue the one before it."]
        )
    }

    @Test func aBadFileLeavesWhatWasThereBefore() throws {
        let files = try TestCertificate()
        let identity = try TLSIdentity(certificate: files.certificate, key: files.key)
        let first = identity.context
        try files.write(name: "other", days: -1...60)
        try identity.reload()
        let second = identity.context
        #expect(first !== second && first.expiry < second.expiry)
        try Data("hello".utf8).write(to: URL(fileURLWithPath: files.certificate))
        #expect(throws: TLSError.noCertificate(file: files.certificate)) { try identity.reload() }
        #expect(identity.context === second)
    }
}
