import HTTPTypes

/// A request the server refuses before any handler sees it.
enum HTTPParseError: Error, Equatable, Sendable {
    case malformedRequestLine
    case malformedTarget
    case malformedField
    case malformedHost
    case bareLineFeed
    case conflictingLength
    case malformedLength
    case malformedTransferCoding
    case malformedChunk
    case requestLineTooLong
    case headTooLarge
    case tooManyFields
    case bodyTooLarge(limit: Int)
    case unknownExpectation
    case unsupportedVersion
    case unsupportedTransferCoding
    case unsupportedMethod
    case lateHead
    case lateBody
    case noRoomForBody
    case tooDenseBody(ratio: Int)
    case malformedContentCoding
    case unsupportedContentCoding
    /// HTTP on a port that speaks TLS.
    case plainRequest

    var status: HTTPResponse.Status {
        switch self {
        case .malformedRequestLine, .malformedTarget, .malformedField, .malformedHost, .bareLineFeed,
            .conflictingLength, .malformedLength, .malformedTransferCoding, .malformedChunk, .malformedContentCoding,
            .plainRequest:
            .badRequest
        case .requestLineTooLong: .uriTooLong
        case .headTooLarge, .tooManyFields: .requestHeaderFieldsTooLarge
        case .bodyTooLarge, .tooDenseBody: .contentTooLarge
        case .unsupportedContentCoding: .unsupportedMediaType
        case .unknownExpectation: .expectationFailed
        case .unsupportedVersion: .httpVersionNotSupported
        case .unsupportedTransferCoding, .unsupportedMethod: .notImplemented
        case .lateHead, .lateBody: .requestTimeout
        case .noRoomForBody: .serviceUnavailable
        }
    }

    /// The values of the label `reason` of `http_parse_errors`.
    enum Reason: String, CaseIterable {
        case badRequestLine = "bad_request_line"
        case badTarget = "bad_target"
        case header
        case host
        case clTeConflict = "cl_te_conflict"
        case contentLength = "content_length"
        case transferEncoding = "transfer_encoding"
        case chunk
        case requestLineTooLong = "request_line_too_long"
        case headerTooLarge = "header_too_large"
        case bodyTooLarge = "body_too_large"
        case expectation
        case timeoutHeader = "timeout_header"
        case timeoutBody = "timeout_body"
        case bodyMemory = "body_memory"
        case bodyRatio = "body_ratio"
        case contentEncoding = "content_encoding"
        case plainRequest = "plain_request"
    }

    /// What the metric calls it.
    var reason: Reason {
        switch self {
        case .malformedRequestLine, .unsupportedVersion, .unsupportedMethod: .badRequestLine
        case .malformedTarget: .badTarget
        case .malformedField, .bareLineFeed: .header
        case .malformedHost: .host
        case .conflictingLength: .clTeConflict
        case .malformedLength: .contentLength
        case .malformedTransferCoding, .unsupportedTransferCoding: .transferEncoding
        case .malformedChunk: .chunk
        case .requestLineTooLong: .requestLineTooLong
        case .headTooLarge, .tooManyFields: .headerTooLarge
        case .bodyTooLarge: .bodyTooLarge
        case .unknownExpectation: .expectation
        case .lateHead: .timeoutHeader
        case .lateBody: .timeoutBody
        case .noRoomForBody: .bodyMemory
        case .tooDenseBody: .bodyRatio
        case .malformedContentCoding, .unsupportedContentCoding: .contentEncoding
        case .plainRequest: .plainRequest
        }
    }
}

extension HTTPParseError: CustomStringConvertible {
    var description: String {
        switch self {
        case .malformedRequestLine: "The request line must be a method, a target and HTTP/1.1."
        case .malformedTarget: "The request target is not a path, an http URI or an asterisk for OPTIONS."
        case .malformedField: "A header field is malformed."
        case .malformedHost: "A request needs exactly one valid Host field that agrees with its target."
        case .bareLineFeed: "Lines of a request must end in CR LF."
        case .conflictingLength: "A request may have one Content-Length or one Transfer-Encoding, not more."
        case .malformedLength: "Content-Length must be a decimal number without a sign or leading zeros."
        case .malformedTransferCoding: "Transfer-Encoding must be chunked, once, and only in HTTP/1.1."
        case .malformedChunk: "The chunked body is malformed."
        case .requestLineTooLong: "The request line is too long."
        case .headTooLarge: "The header fields are too large."
        case .tooManyFields: "There are too many header fields."
        case .bodyTooLarge(let limit): "The body is larger than \(limit) bytes."
        case .unknownExpectation: "The only expectation this server knows is 100-continue."
        case .unsupportedVersion: "This server speaks HTTP/1.1 and HTTP/1.0."
        case .unsupportedTransferCoding: "The only transfer coding this server knows is chunked."
        case .unsupportedMethod: "This server does not implement the method."
        case .lateHead: "The request head did not arrive in time."
        case .plainRequest: "This port speaks TLS: the address must begin with https."
        case .tooDenseBody(let ratio): "The body unpacks to more than \(ratio) times its size."
        case .malformedContentCoding: "The body is not valid gzip."
        case .unsupportedContentCoding: "The only Content-Encoding the server takes is gzip."
        case .lateBody: "The request body did not arrive in time."
        case .noRoomForBody: "Other requests' bodies take up the memory there is for them."
        }
    }
}

extension RequestBodyError {
    /// What is wrong with the request; nil when its client has gone.
    var refusal: HTTPParseError? {
        switch self {
        case .tooLarge(let limit): .bodyTooLarge(limit: limit)
        case .malformed: .malformedChunk
        case .timedOut: .lateBody
        case .noRoom: .noRoomForBody
        case .disconnected: nil
        case .tooDense(let ratio): .tooDenseBody(ratio: ratio)
        case .malformedCoding: .malformedContentCoding
        case .unsupportedCoding: .unsupportedContentCoding
        }
    }
}
