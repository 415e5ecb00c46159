import HTTPTypes
import Testing

@testable import HTTPServing

struct ContentCodingTests {
    @Test(arguments: [
        (["gzip"], true), (["GZIP"], true), (["x-gzip"], true), (["*"], true), (["gzip, deflate, br"], true),
        (["deflate", "gzip"], true), (["gzip;q=0.5"], true), (["gzip;q=1.000"], true), (["gzip ; q=0.001"], true),
        (["gzip;q=0.5, identity;q=0.5"], true), (["gzip, identity"], true), (["*;q=0.5, identity;q=0"], true),
        (["br, gzip;Q=0.8"], true), ([",, gzip ,"], true),
        ([], false), ([""], false), (["identity"], false), (["deflate, br"], false), (["gzip;q=0"], false),
        (["gzip;q=0.000, *"], false), (["*;q=0"], false), (["gzip;q=0.4, identity;q=0.5"], false),
        (["gzip;q=0.5, identity"], false), (["gzip;q=2"], false), (["gzip;q=1.001"], false), (["gzip;q=0.5555"], false),
        (["gzip;q="], false), (["gzip;q=-1"], false), (["gzip;level=9"], false), (["gzip;q=1;q=1"], false),
        (["g zip"], false), (["gzip;q=.5"], false), (["gzip;q=0x1"], false),
    ])
    func gzipIsChosenByWeight(values: [String], isChosen: Bool) {
        #expect(AcceptEncoding(values).prefersGzip == isChosen)
    }

    @Test(arguments: [
        (["gzip, identity;q=0"], true), (["gzip, *;q=0"], true), (["gzip"], false), (["identity;q=0"], false),
        (["gzip;q=0, identity;q=0"], false), (["gzip, *;q=0, identity;q=0.1"], false), ([], false),
    ])
    func gzipIsDemandedWhereNothingElseIsTaken(values: [String], isDemanded: Bool) {
        #expect(AcceptEncoding(values).demandsGzip == isDemanded)
    }

    @Test(
        arguments: [
            ([], .identity), (["identity"], .identity), ([""], .identity), (["gzip"], .gzip), (["X-GZip"], .gzip),
            (["identity, gzip"], .gzip), (["gzip, gzip"], .unsupported), (["gzip", "gzip"], .unsupported),
            (["br"], .unsupported), (["deflate"], .unsupported), (["gzip, br"], .unsupported),
        ] as [([String], BodyCoding)]
    )
    func codingsOfBodiesAreKnownApart(values: [String], coding: BodyCoding) {
        #expect(BodyCoding(values) == coding)
    }

    private let body = [UInt8](repeating: 65, count: 1024)

    private func applied(
        _ response: ServerResponse,
        accepting coding: String? = "gzip"
    ) throws -> (response: ServerResponse, bytes: [UInt8]) {
        var fields: HTTPFields = [:]
        if let coding { fields[.acceptEncoding] = coding }
        let response = ResponseCompression(limits: HTTPLimits()).apply(to: response, accepting: fields)
        guard case .bytes(let bytes) = response.body else { return (response, []) }
        return (response, bytes)
    }

    private func response(_ type: String?, _ bytes: [UInt8]) -> ServerResponse {
        ServerResponse(status: .ok, fields: type.map { [.contentType: $0] } ?? [:], body: .bytes(bytes))
    }

    @Test(arguments: ["application/json", "text/plain; version=0.0.4", "application/vnd.a+json", "TEXT/HTML"])
    func largeTextIsPacked(type: String) throws {
        let (packed, bytes) = try applied(response(type, body))
        #expect(packed.fields[.contentEncoding] == "gzip" && packed.fields[.vary] == "Accept-Encoding")
        var decoder = try GzipDecoder(limits: HTTPLimits())
        var unpacked: [UInt8] = []
        try decoder.decode(bytes, into: &unpacked)
        #expect(unpacked == body && bytes.count < 100)
        let (plain, same) = try applied(response(type, body), accepting: nil)
        #expect(plain.fields[.contentEncoding] == nil && plain.fields[.vary] == "Accept-Encoding" && same == body)
    }

    @Test func whatDoesNotPayStaysAsItIsWhateverIsAccepted() throws {
        let streamed = ServerResponse(status: .ok, fields: [.contentType: "text/plain"], body: .stream { _ in })
        let partial = ServerResponse(status: .partialContent, fields: [.contentType: "text/plain"], body: .bytes(body))
        var coded = response("text/plain", body)
        coded.fields[.contentEncoding] = "br"
        var fixed = response("text/plain", body)
        fixed.fields[.cacheControl] = "max-age=1, No-Transform"
        for plain in [
            response("text/plain", Array(body.dropLast())), response("image/png", body), response(nil, body),
            response("text/event-stream", body), response("text/plain", []), streamed, partial, coded, fixed,
        ] {
            let (same, _) = try applied(plain)
            #expect(same.fields == plain.fields)
        }
    }

    @Test func whoTakesNothingElseGetsSmallBodiesPackedToo() throws {
        let (packed, _) = try applied(response("image/png", [1, 2]), accepting: "gzip, identity;q=0")
        #expect(packed.fields[.contentEncoding] == "gzip" && packed.fields[.vary] == "Accept-Encoding")
    }

    @Test func varyIsAddedOnceBesideOthers() throws {
        for (before, after) in [
            ("Origin", "Origin, Accept-Encoding"), ("accept-encoding", "accept-encoding"), ("*", "*"),
        ] {
            var plain = response("text/plain", body)
            plain.fields[.vary] = before
            #expect(try applied(plain).response.fields[.vary] == after)
        }
    }
}
