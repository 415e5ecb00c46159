/// The rows of a `KeyValuePool` that one sequence attends to, oldest position first.
///
/// Memory of a fixed size, so that a kernel can be lent its address for a step.
///
/// `@unchecked Sendable`: owned by one sequence; changed between regions only.
package final class RowList: @unchecked Sendable {
    private let memory: UnsafeMutablePointer<Int32>
    private let capacity: Int
    package private(set) var count = 0

    package init(capacity: Int) {
        self.capacity = capacity
        memory = .allocate(capacity: max(capacity, 1))
    }

    deinit { memory.deallocate() }

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
    package let count: Int

    init(rows: UnsafeMutablePointer<Int32>, count: Int) {
        self.rows = UnsafePointer(rows)
        self.count = count
    }
}
