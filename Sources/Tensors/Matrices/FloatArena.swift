/// Memory for the activations of one pass, handed out piece by piece and taken back all at once.
///
/// Keeps what it ever held, so that passes after the first ask the system for nothing. How much that is follows from the
/// tokens of a batch, which are limited. Used by one thread at a time.
package final class FloatArena {
    private var blocks: [(memory: AlignedMemory, count: Int)] = []
    private var current = 0
    private var used = 0

    /// Floats in a block, unless one piece needs more: 16 MiB.
    private static let blockFloats = 1 << 22
    /// Pieces begin at cache lines.
    private static let alignment = 16

    package init() {}

    /// Takes everything back: pieces handed out before are no longer valid.
    package func empty() { (current, used) = (0, 0) }

    /// A moment in the handing out of pieces.
    package struct Mark {
        fileprivate var current: Int
        fileprivate var used: Int
    }

    /// What was handed out so far stays valid when the arena goes back to it.
    package var mark: Mark { Mark(current: current, used: used) }

    /// Takes back what was handed out since: those pieces are no longer valid.
    package func goBack(to mark: Mark) { (current, used) = (mark.current, mark.used) }

    /// Memory it has, in use or not.
    package var byteCount: Int { blocks.reduce(0) { $0 + $1.count } * MemoryLayout<Float>.size }

    /// A piece whose elements are undefined.
    package func rows(_ rows: Int, _ columns: Int) -> FloatRows {
        FloatRows(base: take(rows * columns), rows: rows, columns: columns)
    }

    /// A piece whose elements are 0.
    package func zeros(_ rows: Int, _ columns: Int) -> FloatRows {
        let piece = self.rows(rows, columns)
        piece.clear()
        return piece
    }

    /// A piece with the elements of `source`.
    package func copy(_ source: FloatRows) -> FloatRows {
        let piece = rows(source.rows, source.columns)
        piece.copy(source)
        return piece
    }

    private func take(_ count: Int) -> UnsafeMutablePointer<Float> {
        let count = (max(count, 1) + Self.alignment - 1) / Self.alignment * Self.alignment
        while current < blocks.count, used + count > blocks[current].count {
            current += 1
            used = 0
        }
        if current == blocks.count {
            let size = max(count, Self.blockFloats)
            blocks.append((AlignedMemory(count: size), size))
        }
        defer { used += count }
        return blocks[current].memory.base + used
    }
}
