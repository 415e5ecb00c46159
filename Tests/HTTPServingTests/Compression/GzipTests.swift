import HTTPTypes
import Testing

@testable import HTTPServing

@Suite(.timeLimit(.minutes(1)))
struct GzipTests {
    private let text = Array(#"{"prompt": "A man is riding a bicycle."}"#.utf8)

    private func unpack(
        _ bytes: [UInt8],
        by size: Int = .max,
        limits: HTTPLimits = HTTPLimits()
    ) throws(RequestBodyError) -> [UInt8] {
        var decoder = try GzipDecoder(limits: limits)
        var body: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count - start, size) + start
            try decoder.decode(Array(bytes[start..<end]), into: &body)
            start = end
        }
        try decoder.finish()
        return body
    }

    private func pack(_ bytes: [UInt8]) throws -> [UInt8] { try #require(GzipEncoder.encode(bytes)) }

    @Test(arguments: [1, 2, 7, .max])
    func whatIsPackedUnpacksHoweverItArrives(size: Int) throws {
        let noise = (0..<40_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
        for bytes in [[], [7], text, [UInt8](repeating: 9, count: 16 * 1024), noise] {
            #expect(try unpack(pack(bytes), by: size) == bytes)
        }
    }

    @Test(arguments: [1, 5, .max])
    func membersMayFollowOneAnother(size: Int) throws {
        let members = try pack(text) + pack([]) + pack([1, 2, 3])
        #expect(try unpack(members, by: size) == text + [1, 2, 3])
    }

    @Test func whatIsCutOrFollowedByOtherBytesIsRefused() throws {
        let packed = try pack(text)
        for count in 0..<packed.count {
            #expect(throws: RequestBodyError.malformedCoding) { try unpack(Array(packed.prefix(count))) }
        }
        for tail: [UInt8] in [[0], [31], Array("hello, this is no member".utf8)] {
            #expect(throws: RequestBodyError.malformedCoding) { try unpack(packed + tail) }
        }
        #expect(throws: RequestBodyError.malformedCoding) { try unpack(text) }
    }

    @Test func aChangedByteIsRefused() throws {
        let packed = try pack(text)
        // The first ten are the header, of which the time, the flags of the packer and the system mean nothing.
        for index in 10..<packed.count {
            var changed = packed
            changed[index] ^= 0x55
            #expect(throws: RequestBodyError.malformedCoding) { try unpack(changed) }
        }
    }

    @Test func theLimitIsOnUnpackedBytes() throws {
        var limits = HTTPLimits()
        limits.bodyBytes = 5000
        #expect(try unpack(pack([UInt8](repeating: 1, count: 5000)), limits: limits).count == 5000)
        let larger = try pack([UInt8](repeating: 1, count: 5001))
        #expect(throws: RequestBodyError.tooLarge(limit: 5000)) { try unpack(larger, limits: limits) }
        #expect(throws: RequestBodyError.tooLarge(limit: 5000)) { try unpack(pack(text) + larger, limits: limits) }
    }

    @Test func theRatioIsLimitedOnceABodyIsLarge() throws {
        let body = [UInt8](repeating: 1, count: 65536)
        let packed = try pack(body)
        var limits = HTTPLimits()
        limits.denseBodyBytes = 65535
        limits.bodyRatio = 65536 / packed.count
        #expect(throws: RequestBodyError.tooDense(ratio: limits.bodyRatio)) { try unpack(packed, limits: limits) }
        // The last bytes are made before the trailer is read, so that its eight do not count.
        limits.bodyRatio = 65536 / (packed.count - 12) + 1
        #expect(try unpack(packed, limits: limits) == body)
        limits.bodyRatio = 1
        limits.denseBodyBytes = 65536
        #expect(try unpack(packed, limits: limits) == body)
    }

    /// What a body hides is not unpacked once the limit is passed, in one member or in the next.
    @Test func aRefusedBodyCostsNoMoreThanTheLimit() throws {
        let member = try pack([UInt8](repeating: 0, count: 40_000))
        var limits = HTTPLimits()
        limits.denseBodyBytes = 50_000
        limits.bodyRatio = 20
        var body: [UInt8] = []
        var decoder = try GzipDecoder(limits: limits)
        #expect(throws: RequestBodyError.tooDense(ratio: 20)) {
            try decoder.decode(member + member + member, into: &body)
        }
        #expect(body.count <= 50_000 + 16 * 1024)
        #expect(body.count < 2 * 40_000)
    }
}
