/// Takes the chunks of a body apart (RFC 9112 §7.1).
///
/// Extensions and trailers are checked and dropped.
struct ChunkedDecoder {
    private enum State {
        case size(digits: Int)
        case extensionName(isEmpty: Bool)
        case extensionValue(isEmpty: Bool)
        case quoted, quotedPair, afterQuoted
        case sizeLineFeed
        case data
        case dataReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed
        case endLineFeed
        case finished
    }

    private let limits: HTTPLimits
    private var state = State.size(digits: 0)
    private var remaining = 0
    private var received = 0
    private var extensionBytes = 0
    private var trailerBytes = 0

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Moves what is there of the body from `input` to the end of `body`.
    ///
    /// - Returns: whether the body is complete.
    mutating func decode(_ input: inout InboundBytes, into body: inout [UInt8]) throws(HTTPParseError) -> Bool {
        var offset = 0
        defer { input.consume(offset) }
        while offset < input.count {
            if case .data = state {
                let amount = min(remaining, input.count - offset)
                body.append(contentsOf: input[offset..<(offset + amount)])
                offset += amount
                remaining -= amount
                if remaining == 0 { state = .dataReturn }
                continue
            }
            let byte = input[offset]
            offset += 1
            try step(byte)
            if case .finished = state { return true }
        }
        return false
    }

    private mutating func step(_ byte: UInt8) throws(HTTPParseError) {
        switch state {
        case .size(let digits): try stepSize(byte, digits: digits)
        case .extensionName, .extensionValue, .quoted, .quotedPair, .afterQuoted: try stepExtension(byte)
        case .sizeLineFeed:
            try expect(byte, .lineFeed)
            state = remaining == 0 ? .trailerStart : .data
        case .dataReturn:
            try expect(byte, .carriageReturn)
            state = .dataLineFeed
        case .dataLineFeed:
            try expect(byte, .lineFeed)
            state = .size(digits: 0)
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed: try stepTrailer(byte)
        case .endLineFeed:
            try expect(byte, .lineFeed)
            state = .finished
        case .data, .finished: throw .malformedChunk
        }
    }

    private func expect(_ byte: UInt8, _ expected: UInt8) throws(HTTPParseError) {
        guard byte == expected else { throw .malformedChunk }
    }

    private mutating func stepSize(_ byte: UInt8, digits: Int) throws(HTTPParseError) {
        if let digit = byte.hexadecimalValue {
            guard digits < 16 else { throw .malformedChunk }
            // One byte too many stands for any size beyond the limit, so the shift cannot lose bits.
            remaining = min((digits == 0 ? 0 : remaining << 4) + digit, limits.bodyBytes - received + 1)
            state = .size(digits: digits + 1)
            return
        }
        guard digits > 0 else { throw .malformedChunk }
        try endOrExtend(byte)
        guard remaining <= limits.bodyBytes - received else { throw .bodyTooLarge(limit: limits.bodyBytes) }
        received += remaining
    }

    private mutating func endOrExtend(_ byte: UInt8) throws(HTTPParseError) {
        switch byte {
        case .carriageReturn: state = .sizeLineFeed
        case UInt8(ascii: ";"): state = .extensionName(isEmpty: true)
        default: throw .malformedChunk
        }
    }

    private mutating func stepExtension(_ byte: UInt8) throws(HTTPParseError) {
        extensionBytes += 1
        guard extensionBytes <= limits.chunkExtensionBytes else { throw .malformedChunk }
        switch state {
        case .extensionName(let isEmpty):
            if byte.isToken {
                state = .extensionName(isEmpty: false)
            } else {
                guard !isEmpty else { throw .malformedChunk }
                if byte == UInt8(ascii: "=") { state = .extensionValue(isEmpty: true) } else { try endOrExtend(byte) }
            }
        case .extensionValue(let isEmpty):
            if byte.isToken {
                state = .extensionValue(isEmpty: false)
            } else if isEmpty {
                try expect(byte, UInt8(ascii: "\""))
                state = .quoted
            } else {
                try endOrExtend(byte)
            }
        case .quoted:
            guard byte.isFieldText else { throw .malformedChunk }
            if byte == UInt8(ascii: "\"") { state = .afterQuoted }
            if byte == UInt8(ascii: "\\") { state = .quotedPair }
        case .quotedPair:
            guard byte.isFieldText else { throw .malformedChunk }
            state = .quoted
        default: try endOrExtend(byte)
        }
    }

    private mutating func stepTrailer(_ byte: UInt8) throws(HTTPParseError) {
        trailerBytes += 1
        guard trailerBytes <= limits.trailerBytes else { throw .malformedChunk }
        switch state {
        case .trailerStart where byte == .carriageReturn: state = .endLineFeed
        case .trailerStart:
            guard byte.isToken else { throw .malformedChunk }
            state = .trailerName
        case .trailerName:
            if byte == UInt8(ascii: ":") { state = .trailerValue } else if !byte.isToken { throw .malformedChunk }
        case .trailerValue:
            if byte == .carriageReturn {
                state = .trailerLineFeed
            } else if !byte.isFieldText {
                throw .malformedChunk
            }
        default:
            try expect(byte, .lineFeed)
            state = .trailerStart
        }
    }
}
