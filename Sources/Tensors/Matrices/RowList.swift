/// The rows of a `KeyValuePool` that one sequence attends to, oldest position first.
///
/// Memory of a fixed size, so that a kernel can be lent its address for a step.
///
/// `@unchecked Sendable`: owned by one sequence; changed between regions only.
package final class RowList: @unchecked Sendable {
    private let memory: UnsafeMutablePointer<Int32>
    private let capacity: Int
    /// Positions the sequence has, 0 up to the capacity.
    package private(set) var count = 0

    /// - Parameter capacity: the most positions the sequence can come to; memory for all is taken at once.
    package init(capacity: Int) {
        self.capacity = capacity
        memory = .allocate(capacity: max(capacity, 1))
    }

    deinit { memory.deallocate() }

    /// Adds the row of the next position.
    ///
    /// - Precondition: there are fewer than `capacity`.
    package func append(_ row: Int32) {
        precondition(count < capacity, "a sequence stepped past its \(capacity) positions")
        memory[count] = row
        count += 1
    }

    /// Becomes a copy of `other`.
    package func copy(_ other: RowList) {
        precondition(other.count <= capacity)
        memory.update(from: other.memory, count: other.count)
        count = other.count
    }

    /// The row of a position, which counts from 0.
    package subscript(_ position: Int) -> Int32 {
        precondition(position >= 0 && position < count)
        return memory[position]
    }

    /// What a kernel reads: valid while the list lives and is not changed.
    package var view: RowListView { RowListView(rows: memory, count: count) }
}

/// The rows of a list, lent for a step.
package struct RowListView {
    let rows: UnsafePointer<Int32>
    /// Rows: keys a query looks at.
    package let count: Int

    init(rows: UnsafeMutablePointer<Int32>, count: Int) {
        self.rows = UnsafePointer(rows)
        self.count = count
    }
}
