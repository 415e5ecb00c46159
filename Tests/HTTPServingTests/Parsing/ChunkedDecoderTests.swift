import Testing

@testable import HTTPServing

struct ChunkedDecoderTests {
    static func decode(_ text: String, by size: Int = .max, limits: HTTPLimits = HTTPLimits()) throws -> String? {
        var decoder = ChunkedDecoder(limits: limits)
        var input = InboundBytes()
        var body: [UInt8] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: min(size, max(1, bytes.count))) {
            bytes[start..<min(bytes.count, start + min(size, bytes.count))].withUnsafeBytes { input.append($0) }
            if try decoder.decode(&input, into: &body) { return String(decoding: body, as: UTF8.self) }
        }
        return nil
    }

    @Test(arguments: [1, 2, 3, 7, .max])
    func piecesOfAnySizeGiveTheSameBody(_ size: Int) throws {
        let text = "5;a=\"b\\\"c\";d\r\nhello\r\n00A\r\n, world!!!\r\n0\r\nX-Trailer: a\r\nHost: b\r\n\r\n"
        #expect(try Self.decode(text, by: size) == "hello, world!!!")
    }

    @Test(arguments: [
        "0x5\r\nhello", "+5\r\nhello", "-1\r\n", "5_0\r\n", " 5\r\nhello", "5 \r\nhello", "5;\r\nhello", "5\nhello",
        "5\rhello", "5\r\nhello\n", "5\r\nhelloX", "\r\n", "00000000000000005\r\n", "FFFFFFFFFFFFFFFF0\r\n",
        "5;a\rX\r\n", "5;bad[=x\r\n", "5;a=\r\n", "0\r\n bad\r\n\r\n",
        "0\r\nA\n\r\n", "0\r\nA: \0\r\n\r\n", "0\r\n\rX",
    ])
    func malformedChunksAreRefused(_ text: String) {
        #expect(throws: HTTPParseError.malformedChunk) { try Self.decode(text) }
    }

    @Test(arguments: ["FFFFFFFFFFFFFFFF\r\n", "b\r\n", "6\r\n123456\r\n5\r\n"])
    func theSumOfTheSizesIsLimited(_ text: String) {
        var limits = HTTPLimits()
        limits.bodyBytes = 10
        #expect(throws: HTTPParseError.bodyTooLarge(limit: 10)) { try Self.decode(text, limits: limits) }
    }

    /// Those of all chunks together, so that many small chunks carry no more than one.
    @Test func extensionsAreLimitedInAll() throws {
        var limits = HTTPLimits()
        limits.chunkExtensionBytes = 8
        // The CR that ends an extension counts.
        #expect(try Self.decode("1;abc\r\nx\r\n0;abc\r\n\r\n", limits: limits) == "x")
        #expect(throws: HTTPParseError.malformedChunk) {
            try Self.decode("1;abc\r\nx\r\n0;abcd\r\n\r\n", limits: limits)
        }
        #expect(throws: HTTPParseError.malformedChunk) { try Self.decode("1;abcdefgh\r\n", limits: limits) }
    }

    @Test func trailersAreLimited() throws {
        var limits = HTTPLimits()
        limits.trailerBytes = 8
        // The line's end and the CR of the empty line count.
        #expect(try Self.decode("0\r\nA: bc\r\n\r\n", limits: limits) == "")
        #expect(throws: HTTPParseError.malformedChunk) { try Self.decode("0\r\nA: bcd\r\n\r\n", limits: limits) }
    }

    @Test func aBodyOfTheLimitIsTaken() throws {
        var limits = HTTPLimits()
        limits.bodyBytes = 10
        #expect(try Self.decode("5\r\n12345\r\n5;a\r\n67890\r\n0\r\n\r\n", limits: limits) == "1234567890")
    }
}
