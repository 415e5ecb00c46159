/// Takes the body of one request out of what its connection received, up to the end that its framing gives.
enum BodyDecoder: Sendable {
    case length(remaining: Int)
    case chunked(ChunkedDecoder)
    case finished

    init(_ framing: BodyFraming, limits: HTTPLimits) {
        self =
            switch framing {
            case .none: .finished
            case .length(let count): .length(remaining: count)
            case .chunked: .chunked(ChunkedDecoder(limits: limits))
            }
    }

    /// Moves what is there of the body from `input` to the end of `body`.
    ///
    /// - Returns: whether the body is complete.
    mutating func decode(
        _ input: inout InboundBytes,
        into body: inout [UInt8]
    ) throws(RequestBodyError) -> Bool {
        switch self {
        case .finished: return true
        case .length(let remaining):
            let amount = min(remaining, input.count)
            body.append(contentsOf: input[0..<amount])
            input.consume(amount)
            self = remaining == amount ? .finished : .length(remaining: remaining - amount)
            return remaining == amount
        case .chunked(var chunks):
            do throws(HTTPParseError) {
                let isComplete = try chunks.decode(&input, into: &body)
                self = isComplete ? .finished : .chunked(chunks)
                return isComplete
            } catch {
                if case .bodyTooLarge(let limit) = error { throw .tooLarge(limit: limit) }
                throw .malformed
            }
        }
    }
}
