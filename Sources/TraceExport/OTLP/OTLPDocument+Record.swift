import Foundation
import Telemetry

extension OTLPDocument {
    /// The version of the names that attributes have.
    private static let schema = "https://opentelemetry.io/schemas/1.37.0"

    init(_ records: [RequestRecord], resource: TraceResource) {
        let scope = ScopeSpans.Scope(name: "switchyard", version: resource.version)
        resourceSpans = [
            ResourceSpans(
                resource: Resource(attributes: resource.attributes),
                scopeSpans: [ScopeSpans(scope: scope, spans: records.flatMap(Span.spans))],
                schemaUrl: Self.schema
            )
        ]
    }

    /// The document's bytes.
    func encoded() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity",
            negativeInfinity: "-Infinity",
            nan: "NaN"
        )
        do {
            return [UInt8](try encoder.encode(self))
        } catch {
            preconditionFailure("a trace holds a value JSON cannot: \(error)")
        }
    }
}

extension OTLPDocument.Span {
    private static let sampled = 0x001
    /// Bit 9 says whether the parent is in another process, bit 8 that bit 9 means something.
    private static let knowsItsParent = 0x100
    private static let hasRemoteParent = 0x200

    /// The span of a request, then those of its parts.
    static func spans(of record: RequestRecord) -> [Self] {
        let parts = record.trace.spans.map { part(of: record.trace, $0) }
        return [request(record)] + parts
    }

    private static func request(_ record: RequestRecord) -> Self {
        let trace = record.trace
        let method = record.method.map { HTTPSpanNames.methods.contains($0) ? $0 : "HTTP" } ?? "HTTP"
        return Self(
            traceId: trace.traceID.text,
            spanId: trace.spanID.text,
            parentSpanId: trace.parent?.parentID.text,
            traceState: trace.parent?.state,
            flags: sampled | knowsItsParent | (trace.parent == nil ? 0 : hasRemoteParent),
            name: record.route.map { "\(method) \($0)" } ?? method,
            kind: .server,
            startTimeUnixNano: String(trace.startTime),
            endTimeUnixNano: String(trace.time(of: trace.start + record.duration)),
            attributes: HTTPSpanNames.attributes(of: record) + trace.attributes.compactMap(OTLPDocument.Attribute.init),
            status: record.status >= 500 ? Status() : nil
        )
    }

    private static func part(of trace: RequestTrace, _ span: TraceSpan) -> Self {
        Self(
            traceId: trace.traceID.text,
            spanId: SpanID.random().text,
            parentSpanId: trace.spanID.text,
            flags: sampled | knowsItsParent,
            name: span.name,
            kind: .internal,
            startTimeUnixNano: String(trace.time(of: span.start)),
            endTimeUnixNano: String(trace.time(of: span.end)),
            attributes: span.attributes.compactMap(OTLPDocument.Attribute.init)
        )
    }
}

extension OTLPDocument.Attribute {
    /// Returns nil for an attribute that has no name in spans.
    fileprivate init?(_ attribute: TraceAttribute) {
        guard let name = attribute.key.span else { return nil }
        key = name
        switch attribute.value {
        case .string(let text): value = .string(text)
        case .integer(let number): value = .integer(number)
        case .number(let number): value = .number(number)
        case .flag(let flag): value = .flag(flag)
        case .strings(let texts): value = .array(texts.map { .string($0) })
        }
    }
}
