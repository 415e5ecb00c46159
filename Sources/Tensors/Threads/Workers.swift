/// The threads under the kernels: the caller and `threads - 1` helpers.
///
/// Each has a share of the tiles and takes from the others' when it is done, so a thread that loses its core delays one
/// tile and no more. Helpers end with the object.
package final class Workers: Sendable {
    /// The caller included.
    package let threads: Int
    private let crew: Crew

    /// - Parameter threads: at least 1.
    package init(threads: Int) {
        self.threads = max(1, threads)
        crew = Crew(threads: self.threads)
        for index in 1..<max(2, self.threads) where index < self.threads { crew.startHelper(index) }
    }

    deinit { crew.stop() }

    /// Runs every row of `columns` elements once.
    func run(rows: Int, columns: Int, _ work: some RowWork) {
        let tiles = RowTiles(work, rows: rows, columns: columns)
        run(tiles.tiles, tiles)
    }

    /// Runs every tile from 0 once and returns when all are done.
    ///
    /// Threads count from 0 up to `threads`, exclusive. Called by one thread at a time.
    package func run<Work: RegionWork>(_ tiles: Int, _ work: Work) {
        guard tiles > 1, threads > 1 else {
            for tile in 0..<tiles { work.run(tile: tile, thread: 0) }
            return
        }
        withUnsafePointer(to: work) { crew.run(tiles, Work.self, at: UnsafeRawPointer($0)) }
    }

    /// Runs a closure for every tile, as `run` does.
    package func forEach(_ tiles: Int, _ body: (_ tile: Int, _ thread: Int) -> Void) {
        withoutActuallyEscaping(body) { run(tiles, ClosureWork(body: $0)) }
    }
}
