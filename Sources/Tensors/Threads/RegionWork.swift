/// What the threads of a region do.
///
/// A value of addresses and numbers: the threads share the one the caller holds, so that a region asks for no memory.
package protocol RegionWork {
    /// `thread` tells tiles that run at the same time apart.
    func run(tile: Int, thread: Int)
}

extension RegionWork {
    /// Runs a tile of the work of this type at `address`.
    static func run(at address: UnsafeRawPointer, tile: Int, thread: Int) {
        address.assumingMemoryBound(to: Self.self).pointee.run(tile: tile, thread: thread)
    }
}

/// Work on the rows of a matrix, each on its own.
protocol RowWork {
    func run(row: Int)
}

/// Rows in tiles large enough to be worth a region.
struct RowTiles<Rows: RowWork>: RegionWork {
    let work: Rows
    let rows: Int
    private let perTile: Int

    init(_ work: Rows, rows: Int, columns: Int) {
        self.work = work
        self.rows = rows
        perTile = max(1, 16_384 / max(columns, 1))
    }

    var tiles: Int { (rows + perTile - 1) / perTile }

    func run(tile: Int, thread: Int) {
        for row in tile * perTile..<min((tile + 1) * perTile, rows) { work.run(row: row) }
    }
}

/// A closure as work, for regions that are not run for every token.
struct ClosureWork: RegionWork {
    let body: (_ tile: Int, _ thread: Int) -> Void

    func run(tile: Int, thread: Int) { body(tile, thread) }
}
