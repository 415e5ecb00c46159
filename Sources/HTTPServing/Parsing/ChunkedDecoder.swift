/// Takes the chunked coding off a body (RFC 9112 §7.1), strictly: CRLF only, no white space around sizes.
struct ChunkedDecoder: Sendable {
    private enum State {
        case size(digits: Int, value: Int)
        case sizeExtension
        case sizeLineFeed
        case data(left: Int)
        case dataEnd(seen: Int)
        case trailer(lineBytes: Int)
        case trailerLineFeed(wasEmpty: Bool)
        case done
    }

    private var state = State.size(digits: 0, value: 0)
    private var size = 0
    private var extensionBytes = 0
    private var trailerBytes = 0

    /// Extensions and trailers are thrown away, up to this many bytes of each.
    static let ignoredBytes = 4096
    private static let maximumDigits = 15

    var isDone: Bool { if case .done = state { true } else { false } }

    /// Decodes `bytes` from `position` on, appending to `body`; stops after the end of the body.
    mutating func decode(_ bytes: [UInt8], from position: inout Int, into body: inout [UInt8]) throws(HTTPParseError) {
        while position < bytes.count, !isDone {
            if case .data(let left) = state {
                let count = min(left, bytes.count - position)
                body += bytes[position..<position + count]
                position += count
                state = count == left ? .dataEnd(seen: 0) : .data(left: left - count)
            } else {
                try take(bytes[position])
                position += 1
            }
        }
    }

    private mutating func take(_ byte: UInt8) throws(HTTPParseError) {
        switch state {
        case .size(let digits, let value): try takeSize(byte, digits, value)
        case .sizeExtension:
            if byte == 13 {
                state = .sizeLineFeed
            } else {
                extensionBytes += 1
                guard extensionBytes <= Self.ignoredBytes, byte >= 32 || byte == 9, byte != 127 else {
                    throw .malformedChunk
                }
            }
        case .sizeLineFeed:
            guard byte == 10 else { throw .malformedChunk }
            state = size == 0 ? .trailer(lineBytes: 0) : .data(left: size)
        case .dataEnd(let seen):
            guard byte == (seen == 0 ? 13 : 10) else { throw .malformedChunk }
            state = seen == 0 ? .dataEnd(seen: 1) : .size(digits: 0, value: 0)
        case .trailer(let lineBytes): try takeTrailer(byte, lineBytes)
        case .trailerLineFeed(let wasEmpty):
            guard byte == 10 else { throw .malformedChunk }
            state = wasEmpty ? .done : .trailer(lineBytes: 0)
        case .data, .done: break
        }
    }

    private mutating func takeSize(_ byte: UInt8, _ digits: Int, _ value: Int) throws(HTTPParseError) {
        if let digit = byte.hexValue {
            guard digits < Self.maximumDigits else { throw .malformedChunk }
            state = .size(digits: digits + 1, value: value * 16 + digit)
            return
        }
        guard digits > 0 else { throw .malformedChunk }
        size = value
        switch byte {
        case 13: state = .sizeLineFeed
        case UInt8(ascii: ";"): state = .sizeExtension
        default: throw .malformedChunk
        }
    }

    private mutating func takeTrailer(_ byte: UInt8, _ lineBytes: Int) throws(HTTPParseError) {
        trailerBytes += 1
        guard trailerBytes <= Self.ignoredBytes else { throw .malformedChunk }
        if byte == 13 {
            state = .trailerLineFeed(wasEmpty: lineBytes == 0)
        } else {
            guard byte >= 32 || byte == 9, byte != 127 else { throw .malformedChunk }
            state = .trailer(lineBytes: lineBytes + 1)
        }
    }
}
