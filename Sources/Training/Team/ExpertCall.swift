import Ranks
import Tensors

/// Rows of all lanes of one rank for experts of another.
///
/// On its way: which way, the layer, for each lane how many runs, for each of these its expert, how many rows and a key, and
/// then the rows of all runs.
enum ExpertCall {
    /// Which way rows go: those of a forward pass, or gradients on their way back.
    enum Way: Int {
        case forward
        case back
    }

    /// Rows of one part for one expert.
    struct Run {
        let expert: Int
        /// Decides what is dropped on the way forward.
        let key: UInt64
        /// `[rows, model]`.
        let rows: FloatRows
    }

    /// What a call may name.
    struct Bounds {
        let experts: Int
        /// Elements of a row.
        let columns: Int
    }

    /// - Parameter lanes: the runs of each lane.
    static func write(_ way: Way, _ layer: Int, _ lanes: [[Run]], to message: RankMessage) {
        message.append(way.rawValue)
        message.append(layer)
        for lane in lanes {
            message.append(lane.count)
            for run in lane {
                message.append(run.expert)
                message.append(run.rows.rows)
                message.append(bits: run.key)
            }
        }
        for run in lanes.joined() { message.append(run.rows) }
    }

    /// The runs of each lane.
    ///
    /// - Parameter arenas: of each lane, where its rows are put.
    ///
    /// - Throws: `.malformed` for anything but the call that is due.
    static func read(
        _ reader: inout RankMessageReader,
        from rank: Int,
        _ due: (way: Way, layer: Int),
        _ bounds: Bounds,
        into arenas: [FloatArena]
    ) throws(RanksError) -> [[Run]] {
        let way = try reader.integer("way")
        let layer = try reader.integer("layer")
        guard way == due.way.rawValue, layer == due.layer else {
            let reason = "it is of layer \(layer), way \(way), but layer \(due.layer), way \(due.way.rawValue) is due"
            throw .malformed(rank: rank, reason: reason)
        }
        let rowBytes = bounds.columns * MemoryLayout<Float>.size
        var heads: [[(expert: Int, rows: Int, key: UInt64)]] = []
        for _ in arenas {
            var lane: [(expert: Int, rows: Int, key: UInt64)] = []
            for _ in 0..<(try reader.integer(below: bounds.experts + 1, "number of runs")) {
                let expert = try reader.integer(below: bounds.experts, "expert")
                let rows = try reader.integer(below: reader.bytesLeft / rowBytes + 1, "number of rows")
                lane.append((expert, rows, try reader.bits("key")))
            }
            heads.append(lane)
        }
        var lanes: [[Run]] = []
        for (arena, heads) in zip(arenas, heads) {
            var lane: [Run] = []
            for head in heads {
                let rows = try rows(head.rows, bounds, &reader, into: arena)
                lane.append(Run(expert: head.expert, key: head.key, rows: rows))
            }
            lanes.append(lane)
        }
        return lanes
    }

    /// The next rows of a message.
    static func rows(
        _ count: Int,
        _ bounds: Bounds,
        _ reader: inout RankMessageReader,
        into arena: FloatArena
    ) throws(RanksError) -> FloatRows {
        let bytes = try reader.bytes(count * bounds.columns * MemoryLayout<Float>.size, "rows")
        let rows = arena.rows(count, bounds.columns)
        rows.read(from: bytes)
        return rows
    }
}
