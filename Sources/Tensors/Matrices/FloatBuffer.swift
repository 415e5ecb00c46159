/// A fixed number of Float32 in memory of its own, all 0 at first: parameters, gradients, moments.
///
/// `@unchecked Sendable`: whoever shares one lends disjoint parts to threads for one region, or only has it read.
package final class FloatBuffer: @unchecked Sendable {
    /// Elements; views and ranges lie inside of them.
    package let count: Int
    private let memory: AlignedMemory

    /// Of a large buffer, what is never written or read takes no memory.
    package init(count: Int) {
        self.count = count
        memory = AlignedMemory(count: count)
        memory.clearAtFirst(count: count)
    }

    /// Everything as one row.
    package var all: FloatRows { FloatRows(base: memory.base, rows: 1, columns: count) }

    /// A copy of all elements.
    package var elements: [Float] { withExtendedLifetime(self) { all.elements } }

    /// `rows` times `columns` elements from `offset` on.
    package func view(at offset: Int, rows: Int, columns: Int) -> FloatRows {
        precondition(offset >= 0 && rows >= 0 && columns >= 0 && offset + rows * columns <= count)
        return FloatRows(base: memory.base + offset, rows: rows, columns: columns)
    }

    /// A range of elements as one row.
    package subscript(range: Range<Int>) -> FloatRows { view(at: range.lowerBound, rows: 1, columns: range.count) }
}
