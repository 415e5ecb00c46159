private import Foundation
internal import Tensors

/// A file mapped read-only into memory, and the one fenced unsafe type of this target.
///
/// The pages are shared with every process that maps the same file and are read when first touched.
/// - Important: whoever shortens the file while it is mapped takes the process down (SIGBUS).
///   Replace a checkpoint by renaming, never by writing over it.
///
/// Sendable, because after `init` nothing writes to `base`, `count` or the mapping (PROT_READ) until `deinit`, which
/// runs when no reader can be left: every pointer handed out lives inside a closure that holds `self`.
package final class MappedFile: @unchecked Sendable {
    /// The path as it was given, for error messages.
    package let path: String
    /// The size of the file in bytes.
    package let count: Int
    /// Nil exactly when the file is empty.
    private let base: UnsafeMutableRawPointer?

    /// Maps the regular file at `path`.
    package init(path: String) throws(CheckpointError) {
        // Non-blocking, so that opening a pipe cannot wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(file: path, reason: Self.systemError()) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(file: path, reason: Self.systemError()) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(file: path, reason: "it is not a file") }
        self.path = path
        count = Int(status.st_size)
        if count == 0 {
            base = nil
        } else {
            let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
            guard let address, address != MAP_FAILED else {
                throw .unreadable(file: path, reason: Self.systemError())
            }
            base = address
        }
    }

    /// Maps the file at `path`; nil when there is none.
    static func ifPresent(path: String) throws(CheckpointError) -> MappedFile? {
        var status = stat()
        return stat(path, &status) != 0 && errno == ENOENT ? nil : try MappedFile(path: path)
    }

    deinit {
        if let base { munmap(base, count) }
    }

    /// Calls `body` with the bytes in `range`, valid only until it returns.
    ///
    /// - Precondition: `range` lies within the file.
    package func withBytes<Result, Failure: Error>(
        in range: Range<Int>,
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) is outside \(path)")
        return try withExtendedLifetime(self) { () throws(Failure) -> Result in
            try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(start: base, count: count)[range]))
        }
    }

    /// What the process will do with some of the bytes; the system need not listen.
    package enum Advice: Sendable {
        /// They will be read soon: reading the file into the page cache may begin.
        case expected
        /// They have been read: their pages need not count toward the memory of this process.
        case finished
    }

    /// - Precondition: `range` lies within the file.
    package func advise(_ advice: Advice, in range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) is outside \(path)")
        guard let base, !range.isEmpty else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        // Whole pages: a neighbour's bytes are read again when they are needed.
        let first = range.lowerBound / page * page
        let end = min((range.upperBound + page - 1) / page * page, count)
        madvise(base + first, end - first, advice == .expected ? MADV_WILLNEED : MADV_DONTNEED)
    }

    /// The bytes in `range`, for as long as whoever has them keeps their owner, this mapping.
    ///
    /// - Precondition: `range` lies within the file and is not empty.
    func lend(_ range: Range<Int>) -> LentMemory? {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) is outside \(path)")
        return base.map { LentMemory(base: $0 + range.lowerBound, byteCount: range.count, owner: self) }
    }

    /// A copy of the bytes in `range`.
    ///
    /// - Precondition: `range` lies within the file.
    package func bytes(in range: Range<Int>) -> [UInt8] {
        withBytes(in: range) { Array($0) }
    }

    private static func systemError() -> String { String(cString: strerror(errno)) }
}
