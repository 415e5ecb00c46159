/// Packs whole bodies with gzip.
enum GzipEncoder {
    /// One member that unpacks to `bytes`; nil when memory is out.
    static func encode(_ bytes: [UInt8]) -> [UInt8]? {
        guard var stream = GzipStream(.packing) else { return nil }
        var isComplete = false
        let packed = [UInt8](unsafeUninitializedCapacity: stream.bound(bytes.count)) { buffer, count in
            let step = bytes.withUnsafeBytes { stream.step($0, into: UnsafeMutableRawBufferPointer(buffer)) }
            count = step?.made ?? 0
            isComplete = step?.isEnd ?? false
        }
        return isComplete ? packed : nil
    }
}
