private import Foundation

/// Reads small files whole, such as configurations and indexes.
package enum BoundedFile {
    /// The bytes of the regular file at `path`.
    ///
    /// - Throws: `CheckpointError.unreadable`, or `.tooLarge` when there are more than `limit` bytes.
    package static func read(_ path: String, limit: Int) throws(CheckpointError) -> [UInt8] {
        let mapped = try MappedFile(path: path)
        guard mapped.count <= limit else { throw .tooLarge(file: path, limit: limit, found: mapped.count) }
        return mapped.bytes(in: 0..<mapped.count)
    }

    /// The bytes of the file at `path`, nil when there is none.
    package static func readIfPresent(_ path: String, limit: Int) throws(CheckpointError) -> [UInt8]? {
        FileManager.default.fileExists(atPath: path) ? try read(path, limit: limit) : nil
    }
}
