/// `ExportTraceServiceRequest` in OTLP's JSON: ids are hexadecimal, 64-bit integers are strings, enumerations numbers.
struct OTLPDocument: Encodable {
    struct ResourceSpans: Encodable {
        var resource: Resource
        var scopeSpans: [ScopeSpans]
        var schemaUrl: String
    }

    struct Resource: Encodable {
        var attributes: [Attribute]
    }

    struct ScopeSpans: Encodable {
        struct Scope: Encodable {
            var name: String
            var version: String
        }

        var scope: Scope
        var spans: [Span]
    }

    struct Span: Encodable {
        enum Kind: Int, Encodable {
            case `internal` = 1
            case server = 2
        }

        struct Status: Encodable {
            /// Error.
            var code = 2
        }

        var traceId: String
        var spanId: String
        var parentSpanId: String?
        var traceState: String?
        var flags: Int
        var name: String
        var kind: Kind
        var startTimeUnixNano: String
        var endTimeUnixNano: String
        var attributes: [Attribute] = []
        var status: Status?
    }

    struct Attribute: Encodable {
        var key: String
        var value: Value
    }

    /// `AnyValue`: an object whose one member says the type.
    enum Value: Encodable {
        case string(String)
        case integer(Int)
        case number(Double)
        case flag(Bool)
        case array([Value])

        private enum Key: String, CodingKey {
            case stringValue, intValue, doubleValue, boolValue, arrayValue
        }

        private struct Items: Encodable {
            var values: [Value]
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            switch self {
            case .string(let text): try container.encode(text, forKey: .stringValue)
            case .integer(let number): try container.encode(String(number), forKey: .intValue)
            case .number(let number): try container.encode(number, forKey: .doubleValue)
            case .flag(let flag): try container.encode(flag, forKey: .boolValue)
            case .array(let values): try container.encode(Items(values: values), forKey: .arrayValue)
            }
        }
    }

    var resourceSpans: [ResourceSpans]
}
