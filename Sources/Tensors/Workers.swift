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

    /// Runs `body` once for every row of `columns` elements, in tiles large enough to be worth a region.
    func forEachRow(_ rows: Int, columns: Int, _ body: (_ row: Int) -> Void) {
        let perTile = max(1, 16_384 / max(columns, 1))
        forEach((rows + perTile - 1) / perTile) { tile, _ in
            for row in tile * perTile..<min((tile + 1) * perTile, rows) { body(row) }
        }
    }

    /// Runs `body` once for every tile from 0 and returns when all are done.
    ///
    /// `thread` tells tiles that run at the same time apart: 0 up to `threads`, exclusive. Called by one thread at a time.
    package func forEach(_ tiles: Int, _ body: (_ tile: Int, _ thread: Int) -> Void) {
        guard tiles > 1, threads > 1 else {
            for tile in 0..<tiles { body(tile, 0) }
            return
        }
        withoutActuallyEscaping(body) { crew.run(tiles, $0) }
    }
}
