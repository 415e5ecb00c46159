package import HTTPTypes

/// A request the server refuses before any handler sees it.
package enum HTTPParseError: String, Error, Equatable, Sendable, CaseIterable {
    case malformedRequestLine
    case unsupportedVersion
    case requestLineTooLong
    case malformedField
    case headTooLarge
    case tooManyFields
    case badHost
    case conflictingLength
    case malformedLength
    case unsupportedTransferCoding
    case unknownMethod
    case unknownExpectation
    case malformedChunk
    case bodyTooLarge
    case timedOut

    package var status: HTTPResponse.Status {
        switch self {
        case .malformedRequestLine, .malformedField, .badHost, .conflictingLength, .malformedLength, .malformedChunk:
            .badRequest
        case .unsupportedVersion: .httpVersionNotSupported
        case .requestLineTooLong: .uriTooLong
        case .headTooLarge, .tooManyFields: .requestHeaderFieldsTooLarge
        case .unsupportedTransferCoding, .unknownMethod: .notImplemented
        case .unknownExpectation: .expectationFailed
        case .bodyTooLarge: .contentTooLarge
        case .timedOut: .requestTimeout
        }
    }

    /// A sentence for the client.
    package var message: String {
        switch self {
        case .malformedRequestLine: "The request line is malformed."
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .requestLineTooLong: "The request line is too long."
        case .malformedField: "A header field is malformed."
        case .headTooLarge: "The header section is too large."
        case .tooManyFields: "There are too many header fields."
        case .badHost: "There must be one valid Host field."
        case .conflictingLength: "Content-Length and Transfer-Encoding are given more than once or together."
        case .malformedLength: "Content-Length is not a number."
        case .unsupportedTransferCoding: "The only transfer coding understood is chunked."
        case .unknownMethod: "The method is unknown."
        case .unknownExpectation: "The only expectation understood is 100-continue."
        case .malformedChunk: "The chunked body is malformed."
        case .bodyTooLarge: "The body is too large."
        case .timedOut: "The request took too long to arrive."
        }
    }
}
