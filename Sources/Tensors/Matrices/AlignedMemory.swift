import Glibc

/// Floats aligned to a cache line, freed with the object.
///
/// Large ones are mapped straight from the system: a page costs memory once it is written, and all of it goes back when
/// the object does, so that caches that come and go leave nothing behind in the allocator.
final class AlignedMemory {
    let base: UnsafeMutablePointer<Float>
    private let mappedBytes: Int
    /// Whoever the memory belongs to when it is only lent.
    private let owner: AnyObject?

    private static let mappedFrom = 1 << 20

    /// Elements start undefined.
    init(count: Int) {
        owner = nil
        let bytes = max(count, 16) * MemoryLayout<Float>.stride
        let mapping =
            bytes >= Self.mappedFrom
            ? mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED
        if let mapping, mapping != MAP_FAILED {
            // Weights are read front to back: large pages spare address translation. Advice only.
            madvise(mapping, bytes, MADV_HUGEPAGE)
            mappedBytes = bytes
            base = mapping.bindMemory(to: Float.self, capacity: count)
        } else {
            mappedBytes = 0
            base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
                .bindMemory(to: Float.self, capacity: max(count, 16))
        }
    }

    /// Memory of someone else's, who is kept; it is only read.
    init(lent: LentMemory) {
        owner = lent.owner
        mappedBytes = 0
        base = UnsafeMutablePointer(mutating: lent.base.assumingMemoryBound(to: Float.self))
    }

    /// Sets all elements to 0; pages that come fresh from the system are so already, and stay unused.
    func clearAtFirst(count: Int) {
        if mappedBytes == 0 { base.update(repeating: 0, count: count) }
    }

    deinit {
        guard owner == nil else { return }
        if mappedBytes > 0 { munmap(base, mappedBytes) } else { base.deallocate() }
    }
}

/// Memory that is read where it is, such as that of a mapped file: valid while its owner lives.
package struct LentMemory {
    package let base: UnsafeRawPointer
    /// Bytes that may be read from `base` on.
    package let byteCount: Int
    package let owner: AnyObject

    package init(base: UnsafeRawPointer, byteCount: Int, owner: AnyObject) {
        self.base = base
        self.byteCount = byteCount
        self.owner = owner
    }

    /// Whether kernels can read it: they load whole cache lines.
    package var isAligned: Bool { Int(bitPattern: base) % 64 == 0 }
}
