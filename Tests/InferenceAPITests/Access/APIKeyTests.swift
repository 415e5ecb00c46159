import Testing

@testable import InferenceAPI

@Suite struct APIKeyTests {
    private func keys(_ text: String, defaults: KeyLimits = KeyLimits()) throws -> APIKeys {
        try APIKeys(text, defaults: defaults, file: "keys.txt")
    }

    @Test func aLineIsAKeyOrANameAndAKey() throws {
        let keys = try keys(
            """
            # who may come in
            sk-first

              alice   sk-second\r
            bob\tsk-third requests=2 tokens-per-minute=600
            """
        )
        #expect(keys.count == 3)
        #expect(keys.holder(of: "sk-first")?.name == "key-1")
        #expect(keys.holder(of: "sk-second")?.name == "alice")
        #expect(keys.holder(of: "sk-third") == .init(name: "bob", limits: KeyLimits(requests: 2, tokensPerMinute: 600)))
        for wrong in ["", "sk-firs", "sk-first ", "SK-FIRST", "alice", "# who may come in"] {
            #expect(keys.holder(of: wrong) == nil)
        }
    }

    @Test func aKeyMayBeGivenAsItsDigest() throws {
        // printf %s abc | sha256sum
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(try keys("carol sha256:\(digest.uppercased())").holder(of: "abc")?.name == "carol")
        #expect(try keys("sha256:\(digest)").holder(of: "abd") == nil)
    }

    @Test func aLineOverridesTheDefaultLimits() throws {
        let keys = try keys("a ka\nb kb requests=9", defaults: KeyLimits(requests: 4, tokensPerMinute: 60))
        #expect(keys.limits(of: "a") == KeyLimits(requests: 4, tokensPerMinute: 60))
        #expect(keys.limits(of: "b") == KeyLimits(requests: 9, tokensPerMinute: 60))
    }

    @Test(
        arguments: [
            ("", "the API key file keys.txt holds no key"), ("# only\n\n", "the API key file keys.txt holds no key"),
            ("a b c", "line 1 of the API key file keys.txt: a line is a key, or a name and a key, then settings"),
            (
                "\na k requests=0",
                "line 2 of the API key file keys.txt: 'requests=0' is not requests=N or tokens-per-minute=N"
            ),
            (
                "a k requests=two",
                "line 1 of the API key file keys.txt: 'requests=two' is not requests=N or tokens-per-minute=N"
            ),
            ("requests=1", "line 1 of the API key file keys.txt: a line is a key, or a name and a key, then settings"),
            ("a k\na l", "line 2 of the API key file keys.txt: an earlier line has the same name"),
            ("a k\nb k", "line 2 of the API key file keys.txt: an earlier line has the same key"),
            ("sha256:12", "line 1 of the API key file keys.txt: sha256: needs 64 hexadecimal digits"),
        ]
    )
    func aFaultNamesTheLineAndNeverTheKey(text: String, message: String) {
        let error = #expect(throws: APIKeyFileError.self) { try keys(text) }
        #expect(error?.description == message)
    }

    @Test func moreKeysThanTheLimitAreRefused() throws {
        let lines = (0..<APIKeys.maximumCount).map { "n\($0) k\($0)" }
        #expect(try keys(lines.joined(separator: "\n")).count == APIKeys.maximumCount)
        #expect(throws: APIKeyFileError.self) { try keys((lines + ["n k"]).joined(separator: "\n")) }
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: APIKeyFileError.self) {
            try APIKeys(contentsOf: "/nowhere/keys", defaults: KeyLimits())
        }
        #expect(error?.description == "the API key file /nowhere/keys cannot be read")
    }
}
