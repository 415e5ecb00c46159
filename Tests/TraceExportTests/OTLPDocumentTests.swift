import Foundation
import Telemetry
import Testing

@testable import TraceExport

struct OTLPDocumentTests {
    static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    static func record(parent: String? = nil, state: [String] = []) -> RequestRecord {
        let context = parent.flatMap { TraceContext(traceparent: [$0], tracestate: state) }
        let trace = RequestTrace(id: "req-1", parent: context)
        trace.set(.init(log: "prompt_tokens", span: "gen_ai.usage.input_tokens"), .integer(1 << 60))
        trace.set(.init(span: "reasons"), .strings(["stop"]))
        trace.set(.init(span: "odd"), .number(.nan))
        trace.set(.init(span: "flag"), .flag(true))
        trace.set(.init(log: "only.in.logs"), .flag(true))
        trace.add(TraceSpan("queue", from: trace.start + .milliseconds(1), to: trace.start + .milliseconds(3)))
        var record = RequestRecord(trace: trace, status: 200, duration: .milliseconds(5))
        record.method = "POST"
        record.route = "/v1/completions"
        record.path = "/v1/completions"
        record.authority = "[::1]:8080"
        return record
    }

    static func spans(_ record: RequestRecord) throws -> [[String: Any]] {
        let document = OTLPDocument([record], resource: TraceResource(version: "1.2.3", instance: "one"))
        let object = try JSONSerialization.jsonObject(with: Data(document.encoded())) as? [String: Any]
        let resource = try #require((object?["resourceSpans"] as? [[String: Any]])?.first)
        let scope = try #require((resource["scopeSpans"] as? [[String: Any]])?.first)
        return try #require(scope["spans"] as? [[String: Any]])
    }

    static func attributes(_ span: [String: Any]) throws -> [String: [String: Any]] {
        let list = try #require(span["attributes"] as? [[String: Any]])
        let pairs = list.map { ($0["key"] as? String ?? "", $0["value"] as? [String: Any] ?? [:]) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    @Test func aRequestIsAServerSpanWithItsPartsBelow() throws {
        let record = Self.record(parent: Self.parent, state: ["a=1"])
        let spans = try Self.spans(record)
        try #require(spans.count == 2)
        #expect(spans.allSatisfy { $0["traceId"] as? String == "0af7651916cd43dd8448eb211c80319c" })
        #expect(spans[0]["parentSpanId"] as? String == "b7ad6b7169203331")
        #expect(spans[0]["traceState"] as? String == "a=1")
        #expect(spans[0]["name"] as? String == "POST /v1/completions" && spans[1]["name"] as? String == "queue")
        #expect(spans[0]["kind"] as? Int == 2 && spans[1]["kind"] as? Int == 1)
        #expect(spans[0]["flags"] as? Int == 0x301 && spans[1]["flags"] as? Int == 0x101)
        #expect(spans[1]["parentSpanId"] as? String == spans[0]["spanId"] as? String)
        #expect(spans[1]["spanId"] as? String != spans[0]["spanId"] as? String)
        let start = record.trace.startTime
        #expect(spans[0]["startTimeUnixNano"] as? String == "\(start)")
        #expect(spans[0]["endTimeUnixNano"] as? String == "\(start + 5_000_000)")
        #expect(spans[1]["startTimeUnixNano"] as? String == "\(start + 1_000_000)")
        #expect(spans[1]["endTimeUnixNano"] as? String == "\(start + 3_000_000)")
    }

    @Test func aTraceThatBeginsHereHasNoParent() throws {
        let span = try Self.spans(Self.record())[0]
        #expect(span["parentSpanId"] == nil && span["traceState"] == nil && span["flags"] as? Int == 0x101)
    }

    @Test func valuesHaveTheirTypesAndIntegersAreStrings() throws {
        let attributes = try Self.attributes(Self.spans(Self.record())[0])
        #expect(attributes["gen_ai.usage.input_tokens"]?["intValue"] as? String == "\(1 << 60)")
        #expect(attributes["odd"]?["doubleValue"] as? String == "NaN")
        #expect(attributes["flag"]?["boolValue"] as? Bool == true)
        let reasons = attributes["reasons"]?["arrayValue"] as? [String: [[String: String]]]
        #expect(reasons?["values"] == [["stringValue": "stop"]])
        #expect(attributes["only.in.logs"] == nil)
        #expect(attributes["server.address"]?["stringValue"] as? String == "[::1]")
        #expect(attributes["server.port"]?["intValue"] as? String == "8080")
    }

    @Test(arguments: [(200, nil, nil), (404, nil, nil), (500, 2, "500"), (503, 2, "503")] as [(Int, Int?, String?)])
    func onlyTheServersOwnFailuresAreErrors(status: Int, code: Int?, type: String?) throws {
        var record = Self.record()
        record.status = status
        let span = try Self.spans(record)[0]
        #expect((span["status"] as? [String: Int])?["code"] == code)
        #expect(try Self.attributes(span)["error.type"]?["stringValue"] as? String == type)
    }

    @Test func anUnknownMethodMakesNoNewNames() throws {
        var record = Self.record()
        record.method = "BREW"
        record.route = nil
        let span = try Self.spans(record)[0]
        #expect(span["name"] as? String == "HTTP")
        let attributes = try Self.attributes(span)
        #expect(attributes["http.request.method"]?["stringValue"] as? String == "_OTHER")
        #expect(attributes["http.request.method_original"]?["stringValue"] as? String == "BREW")
        record.method = nil
        #expect(try Self.attributes(Self.spans(record)[0])["http.request.method_original"] == nil)
    }
}

struct SamplingRuleTests {
    @Test(arguments: [0.0, 0.5, 1])
    func theCallerDecidesForItsTraces(ratio: Double) {
        let rule = SamplingRule(ratio: ratio)
        for flags in ["00", "01"] {
            let parent = String(OTLPDocumentTests.parent.dropLast(2)) + flags
            let context = TraceContext(traceparent: [parent], tracestate: [])
            #expect(rule.takes(RequestTrace(id: "a", parent: context)) == (flags == "01"))
        }
    }

    @Test func aPartOfTracesThatBeginHereIsTaken() {
        let traces = (0..<4000).map { RequestTrace(id: "\($0)") }
        #expect(traces.allSatisfy(SamplingRule(ratio: 1).takes))
        #expect(!traces.contains(where: SamplingRule(ratio: 0).takes))
        // Five standard deviations of 4000 draws at one in four.
        #expect((863...1137).contains(traces.count(where: SamplingRule(ratio: 0.25).takes)))
        let few = Set(traces.filter(SamplingRule(ratio: 0.1).takes).map(\.id))
        #expect(few.isSubset(of: traces.filter(SamplingRule(ratio: 0.5).takes).map(\.id)))
    }
}
