import Foundation
import Testing

@testable import Telemetry

struct AccessLogTests {
    private static func record(_ change: (inout RequestRecord) -> Void = { _ in }) throws -> RequestRecord {
        let trace = RequestTrace(
            id: "req-1",
            parent: TraceContext(
                traceparent: ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
                tracestate: []
            )
        )
        trace.set(.init(log: "prompt_tokens", span: "x"), .integer(5))
        trace.set(.init(span: "only.in.spans"), .integer(6))
        trace.set(.init(log: "finish_reason"), .strings(["length", "stop"]))
        trace.add(TraceSpan("queue", from: trace.start, to: trace.start + .microseconds(1500)))
        var record = RequestRecord(trace: trace, status: 200, duration: .milliseconds(12))
        record.method = "POST"
        record.route = "/v1/completions"
        record.path = "/v1/completions"
        record.remote = "::1"
        record.userAgent = "curl/8 \"\n\u{1B}"
        change(&record)
        return record
    }

    private static func text(_ format: AccessLog.Format, _ record: RequestRecord) -> String {
        let writer = LogWriter(descriptor: -1)
        defer { writer.close() }
        let log = AccessLog(format: format, writer: writer, quietRoutes: [])
        return String(decoding: log.line(record), as: UTF8.self)
    }

    @Test func textHasEveryFieldInAFixedOrder() throws {
        let record = try Self.record()
        let expected = """
            info request request_id=req-1 trace_id=0af7651916cd43dd8448eb211c80319c \
            span_id=\(record.trace.spanID.text) parent_id=b7ad6b7169203331 remote=::1 method=POST \
            route=/v1/completions path=/v1/completions status=200 end=complete request_bytes=0 response_bytes=0 \
            duration_ms=12.000 queue_ms=1.500 prompt_tokens=5 finish_reason=length,stop \
            user_agent=curl/8%20%22%0A%1B
            """
        #expect(String(Self.text(.text, record).drop { $0 != " " }.dropFirst()) == expected)
    }

    @Test func jsonHasThemWithTheirTypes() throws {
        let line = Self.text(.json, try Self.record { $0.end = .clientLeft })
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["status"] as? Int == 200)
        #expect(object["queue_ms"] as? Double == 1.5)
        #expect(object["end"] as? String == "client_left")
        #expect(object["user_agent"] as? String == "curl/8 \"\n\u{1B}")
        #expect(object["only.in.spans"] == nil)
    }

    @Test func theLineIsDatedAtTheEndOfTheRequest() throws {
        let record = try Self.record { $0.duration = .seconds(3) }
        let stamp = LogTime(nanoseconds: record.trace.startTime + 3_000_000_000).text
        #expect(Self.text(.text, record).hasPrefix(stamp + " "))
    }

    @Test func whatTheClientSentIsCut() throws {
        let record = try Self.record {
            $0.path = "/" + String(repeating: "é", count: AccessLog.maximumPath)
            $0.userAgent = String(repeating: "a", count: AccessLog.maximumUserAgent)
        }
        let line = Self.text(.json, record)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let path = try #require(object["path"] as? String)
        #expect(path.count == AccessLog.maximumPath && path.hasSuffix("é…"))
        #expect(object["user_agent"] as? String == record.userAgent)
    }

    @Test func quietRoutesAreNotWanted() {
        let writer = LogWriter(descriptor: -1)
        defer { writer.close() }
        let log = AccessLog(format: .text, writer: writer, quietRoutes: ["/livez"])
        #expect(!log.wants(route: "/livez") && log.wants(route: "/v1/models") && log.wants(route: nil))
    }

    @Test func aFailureOfTheServerIsAWarning() throws {
        #expect(Self.text(.text, try Self.record { $0.status = 500 }).contains(" warning request "))
        #expect(Self.text(.text, try Self.record { $0.status = 499 }).contains(" info request "))
    }

    @Test func aRequestThatCouldNotBeReadLeavesOutWhatIsUnknown() throws {
        let line = Self.text(
            .text,
            try Self.record {
                $0.method = nil
                $0.path = nil
                $0.route = nil
            }
        )
        #expect(!line.contains("method=") && !line.contains("path=") && line.contains("status=200"))
    }
}
