internal import Tensors

/// A run of bytes in a mapped file, or in memory when they had to be unpacked.
///
/// Copies are cheap and share what holds the bytes.
package struct ByteSource: Sendable {
    private enum Owner: Sendable {
        case file(MappedFile)
        case memory([UInt8])
    }

    private let owner: Owner
    private let range: Range<Int>

    /// The whole file, read where it is mapped.
    package init(_ mapped: MappedFile) { (owner, range) = (.file(mapped), 0..<mapped.count) }

    /// Bytes that were read or unpacked; those in memory are never lent or advised about.
    package init(_ bytes: [UInt8]) { (owner, range) = (.memory(bytes), 0..<bytes.count) }

    private init(owner: Owner, range: Range<Int>) { (self.owner, self.range) = (owner, range) }

    /// Bytes of the run.
    package var count: Int { range.count }

    /// The bytes in `part`, counted from the first of these.
    ///
    /// - Precondition: `part` lies within the bytes.
    func slice(_ part: Range<Int>) -> ByteSource { ByteSource(owner: owner, range: absolute(part)) }

    /// Calls `body` with the bytes in `part`, valid only until it returns.
    ///
    /// - Precondition: `part` lies within the bytes.
    func withBytes<Result, Failure: Error>(
        in part: Range<Int>,
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let part = absolute(part)
        switch owner {
        case .file(let mapped):
            return try mapped.withBytes(in: part, body)
        case .memory(let bytes):
            return try bytes.withUnsafeBufferPointer { buffer throws(Failure) in
                try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[part]))
            }
        }
    }

    /// Tells the system what will be done with all the bytes, where they lie in a file.
    func advise(_ advice: MappedFile.Advice) {
        if case .file(let mapped) = owner { mapped.advise(advice, in: range) }
    }

    /// All the bytes where they are; nil unless they lie in a file.
    func lend() -> LentMemory? {
        guard case .file(let mapped) = owner else { return nil }
        return mapped.lend(range)
    }

    /// A copy of the bytes in `part`.
    ///
    /// - Precondition: `part` lies within the bytes.
    func bytes(in part: Range<Int>) -> [UInt8] { withBytes(in: part) { Array($0) } }

    /// The little-endian number at `offset`, nil when it is not all inside.
    func number<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type = Number.self) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, count >= size, offset <= count - size else { return nil }
        return withBytes(in: offset..<offset + size) { Number(littleEndian: $0.loadUnaligned(as: Number.self)) }
    }

    private func absolute(_ part: Range<Int>) -> Range<Int> {
        precondition(part.lowerBound >= 0 && part.upperBound <= count, "\(part) is outside \(count) bytes")
        return range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound
    }
}
