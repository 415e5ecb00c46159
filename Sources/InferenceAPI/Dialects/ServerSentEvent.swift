import JSON

/// One event of a stream (HTML Standard §9.2): its data is one line.
struct ServerSentEvent: Equatable, Sendable {
    let bytes: [UInt8]

    /// The end of OpenAI's streams.
    static let done = ServerSentEvent(line: Array("[DONE]".utf8))

    /// - Parameter name: what the client listens for; it must hold no line break.
    init(_ value: some Encodable, name: String? = nil) {
        self.init(line: JSONText.bytes(value), name: name)
    }

    private init(line: [UInt8], name: String? = nil) {
        bytes = Array((name.map { "event: \($0)\n" } ?? "").utf8) + Array("data: ".utf8) + line + Array("\n\n".utf8)
    }
}
