import Checkpoints

/// A small file of a model directory that says what the model is for.
enum DirectoryFile {
    private static let maximumBytes = 1 << 20

    /// Why a file cannot be read.
    struct Unreadable: Error {
        /// The end of a sentence on the file.
        let reason = "it must be a readable file of at most \(maximumBytes) bytes"
    }

    /// What is in it; nil when there is none.
    static func bytes(of name: String, inDirectory directory: String) throws(Unreadable) -> [UInt8]? {
        do {
            return try BoundedFile.readIfPresent(directory + "/" + name, limit: maximumBytes)
        } catch {
            throw Unreadable()
        }
    }
}
