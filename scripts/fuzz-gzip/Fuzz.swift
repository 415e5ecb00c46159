/// Unpacks the bytes whole and in pieces, and compares what comes out; then packs them, and unpacks that.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let size = max(1, Int(bytes.first ?? 1) % 16)
    let whole = unpack(bytes, by: bytes.count + 1)
    precondition(whole == unpack(bytes, by: size))
    guard let packed = GzipEncoder.encode(bytes) else { fatalError("no memory") }
    precondition(unpack(packed, by: size) == .some(bytes))
    return 0
}

/// What the bytes unpack to; nil when they are refused.
private func unpack(_ bytes: [UInt8], by size: Int) -> [UInt8]? {
    var limits = HTTPLimits()
    limits.bodyBytes = 100_000
    limits.denseBodyBytes = 50_000
    limits.bodyRatio = 20
    var body: [UInt8] = []
    do throws(RequestBodyError) {
        var decoder = try GzipDecoder(limits: limits)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try decoder.decode(Array(bytes[start..<min(start + size, bytes.count)]), into: &body)
            precondition(body.count <= limits.bodyBytes)
        }
        try decoder.finish()
        return body
    } catch {
        // One step may pass the limit before that is seen.
        precondition(body.count <= limits.bodyBytes + 16 * 1024)
        return nil
    }
}
