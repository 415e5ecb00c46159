import HTTPTypes

/// Builds a response out of the bytes, as handlers do out of what clients sent, and takes what is written apart again.
///
/// However odd the names and values, the head has one line for each field and ends where it should; chunks give back
/// the body.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var bytes = ArraySlice(UnsafeBufferPointer(start: start, count: count))
    let code = Int(bytes.popFirst() ?? 0) * 3 + 200
    let version: RequestHead.Version = (bytes.popFirst() ?? 0) & 1 == 0 ? .http11 : .http10
    let parts = bytes.split(separator: 0xFF, maxSplits: 9, omittingEmptySubsequences: false)
    var response = ServerResponse(status: HTTPResponse.Status(code: code, reasonPhrase: text(parts.first)))
    for (index, part) in parts.dropFirst().enumerated() { add(part, to: &response.fields, way: index) }
    let encoder = ResponseEncoder(
        date: HTTPDate.format(Int(code) * 10_000_000),
        requestID: RequestIdentifier(fields: response.fields).text,
        version: version,
        keepsAlive: code % 2 == 0
    )
    check(encoder.head(of: response, framing: encoder.framing(of: response)), of: response)
    checkChunk(Array(bytes))
    return 0
}

private func text(_ bytes: ArraySlice<UInt8>?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

/// The ways in which a handler can set a field.
private func add(_ part: ArraySlice<UInt8>, to fields: inout HTTPFields, way: Int) {
    let halves = part.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let name = HTTPField.Name(text(halves.first)) ?? HTTPField.Name("X-Any")!
    let value = halves.count == 2 ? halves[1] : part
    switch way % 3 {
    case 0: fields[name] = text(value)
    case 1: fields.append(HTTPField(name: name, value: text(value)))
    default: fields.append(HTTPField(name: name, value: value))
    }
}

private func check(_ head: [UInt8], of response: ServerResponse) {
    var lines: [ArraySlice<UInt8>] = []
    var start = 0
    while let end = head[start...].firstIndex(of: .lineFeed) {
        precondition(end > start && head[end - 1] == .carriageReturn, "a line that does not end in CR LF")
        lines.append(head[start..<(end - 1)])
        start = end + 1
    }
    precondition(start == head.count && lines.last?.isEmpty == true, "bytes behind the empty line")
    precondition(lines.dropLast().allSatisfy { !$0.isEmpty }, "an empty line inside the head")
    precondition(lines.joined().allSatisfy(\.isFieldText), "a control character")
    precondition(lines[0].starts(with: "HTTP/1.1 \(response.status.code) ".utf8))
    let fields = lines.dropFirst().dropLast()
    for line in fields {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { preconditionFailure("no colon") }
        precondition(colon > line.startIndex && line[..<colon].allSatisfy(\.isToken), "a name that is no token")
    }
    let added = 2...4
    precondition(fields.count <= response.fields.count + added.upperBound, "more lines than fields")
    let reserved = ["connection", "content-length", "date", "keep-alive", "transfer-encoding", "x-request-id"]
    let kept = response.fields.count { !reserved.contains($0.name.canonicalName) }
    precondition(added.contains(fields.count - kept), "not one line for each field")
    for name in reserved {
        let times = fields.count { text($0).lowercased().hasPrefix(name + ":") }
        precondition(times <= 1, "\(name) more than once")
    }
}

private func checkChunk(_ body: [UInt8]) {
    var decoder = ChunkedDecoder(limits: HTTPLimits())
    var input = InboundBytes(ResponseEncoder.chunk(body) + ResponseEncoder.lastChunk)
    var decoded: [UInt8] = []
    let isComplete = try? decoder.decode(&input, into: &decoded)
    precondition(isComplete == true && decoded == body && input.isEmpty, "a chunk that is not what it was")
}
