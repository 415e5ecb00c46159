/// Feeds the bytes to the head parser and the chunk decoder, whole and in pieces, and compares what comes out.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let size = max(1, Int(bytes.first ?? 1) % 16)
    precondition(heads(bytes, by: bytes.count + 1) == heads(bytes, by: size))
    precondition(body(bytes, by: bytes.count + 1) == body(bytes, by: size))
    return 0
}

private func pieces(_ bytes: [UInt8], by size: Int) -> [ArraySlice<UInt8>] {
    stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
}

private func heads(_ bytes: [UInt8], by size: Int) -> [RequestHead] {
    var parser = RequestHeadParser(limits: HTTPLimits())
    var input = InboundBytes()
    var heads: [RequestHead] = []
    for piece in pieces(bytes, by: size) {
        piece.withUnsafeBytes { input.append($0) }
        do { while let head = try parser.parse(&input) { heads.append(head) } } catch { return heads }
    }
    return heads
}

private func body(_ bytes: [UInt8], by size: Int) -> [UInt8] {
    var decoder = ChunkedDecoder(limits: HTTPLimits())
    var input = InboundBytes()
    var body: [UInt8] = []
    for piece in pieces(bytes, by: size) {
        piece.withUnsafeBytes { input.append($0) }
        do { if try decoder.decode(&input, into: &body) { return body } } catch { return body }
    }
    return body
}
