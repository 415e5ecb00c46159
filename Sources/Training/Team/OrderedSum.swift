import Ranks
import Tensors

/// Adds the gradients of all parts of a batch up in their order, (((g0 + g1) + g2) + …), wherever the parts are.
///
/// Sums of Float32 depend on their order, and one process adds in this one: so along a chain of ranks there, tile by tile,
/// and back with the sums.
struct OrderedSum {
    private let tiles: [[Range<Int>]]
    private let scratch: FloatBuffer

    /// Elements that are added at a time.
    static let tileSize = 1 << 16

    /// - Parameter runs: the elements that are added up.
    init(_ runs: [Range<Int>]) {
        tiles = runs.tiles(of: Self.tileSize)
        scratch = FloatBuffer(count: Self.tileSize)
    }

    /// Leaves the sum in the first of this rank's buffers.
    func add(_ buffers: [FloatBuffer], on workers: Workers) {
        workers.forEach(tiles.count) { index, _ in
            for range in tiles[index] { add(buffers, range) }
        }
    }

    /// Leaves the sum over all ranks in the first of every rank's buffers.
    func add(_ buffers: [FloatBuffer], over team: RankTeam) throws(RanksError) {
        let sum = buffers[0]
        let last = team.count - 1
        for tile in tiles {
            if team.rank > 0 {
                try receive(tile, from: team.rank - 1, team) { sum[$0].add($1) }
            }
            for range in tile { add(buffers, range) }
            if team.rank < last { try send(tile, of: sum, to: team.rank + 1, team) }
        }
        for tile in tiles {
            if team.rank < last {
                try receive(tile, from: team.rank + 1, team) { sum[$0].copy($1) }
            }
            if team.rank > 0 { try send(tile, of: sum, to: team.rank - 1, team) }
        }
    }

    private func add(_ buffers: [FloatBuffer], _ range: Range<Int>) {
        for other in buffers.dropFirst() { buffers[0][range].add(other[range]) }
    }

    private func send(_ tile: [Range<Int>], of buffer: FloatBuffer, to rank: Int, _ team: RankTeam) throws(RanksError) {
        try team.send(to: rank) { message in
            for range in tile { message.append(buffer[range]) }
        }
    }

    private func receive(
        _ tile: [Range<Int>],
        from rank: Int,
        _ team: RankTeam,
        _ take: (Range<Int>, FloatRows) -> Void
    ) throws(RanksError) {
        try team.receive(from: rank) { reader throws(RanksError) in
            for range in tile {
                let rows = scratch[0..<range.count]
                try reader.read(into: rows, "gradients")
                take(range, rows)
            }
        }
    }
}
