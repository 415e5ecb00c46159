private import Foundation

/// Reads the files a tokenizer is described in, whole.
enum TokenizerFile {
    /// Bytes a `tokenizer.json` or `spiece.model` may have; a vocabulary of a million pieces has a quarter of that.
    static let maximumBytes = 256 << 20

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// The bytes of the file at `path`, nil when there is none.
    ///
    /// - Throws: `TokenizerError.unopened`, or `.tooLarge` when there are more than `limit` bytes.
    static func readIfPresent(_ path: String, limit: Int = maximumBytes) throws(TokenizerError) -> [UInt8]? {
        guard exists(path) else { return nil }
        let file = URL(filePath: path).resolvingSymlinksInPath()
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            guard attributes[.type] as? FileAttributeType == .typeRegular else {
                throw TokenizerError.unopened(file: path, message: "it is not a regular file")
            }
            let size = attributes[.size] as? Int ?? .max
            guard size <= limit else { throw TokenizerError.tooLarge(file: path, limit: limit, found: size) }
            let bytes = try [UInt8](Data(contentsOf: file))
            guard !bytes.starts(with: "version https://git-lfs".utf8) else {
                throw TokenizerError.largeFilePointer(file: path)
            }
            return bytes
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw .unopened(file: path, message: error.localizedDescription)
        }
    }
}
