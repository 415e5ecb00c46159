private import CZlib

/// Files that were packed by gzip.
enum GzipFile {
    private static let chunk = 1 << 20

    /// What a file unpacks to, all members of it one after another.
    ///
    /// - Parameter limit: of bytes that come out.
    static func bytes(_ path: String, limit: Int) throws(TrainingError) -> [UInt8] {
        guard let file = gzopen(path, "rb") else { throw .unreadable(file: path, reason: "it cannot be opened") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: chunk)
        var count: CInt = 1
        while count > 0, bytes.count <= limit {
            count = gzread(file, &buffer, UInt32(buffer.count))
            if count > 0 { bytes += buffer[..<Int(count)] }
        }
        // The end of a file that was cut off shows only here.
        let isWhole = gzclose(file) == Z_OK
        guard bytes.count <= limit else { throw .tooLarge(file: path, bytes: bytes.count, limit: limit) }
        guard count == 0, isWhole else { throw .unreadable(file: path, reason: "its gzip data is damaged") }
        return bytes
    }
}
