private import Foundation

/// What Git leaves in place of a large file that it has not fetched: a few lines that name it.
///
/// Source: the specification of Git LFS, whose first line names its version.
enum LargeFilePointer {
    private static let mark = "version https://git-lfs.github.com/spec/"

    /// - Throws: `CheckpointError.largeFilePointer` for a file that begins as a pointer does.
    static func refuse(_ path: String) throws(CheckpointError) {
        guard let file = FileHandle(forReadingAtPath: path) else { return }
        defer { try? file.close() }
        guard let start = try? file.read(upToCount: mark.utf8.count), start.elementsEqual(mark.utf8) else { return }
        throw .largeFilePointer(file: path)
    }
}
