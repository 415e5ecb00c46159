import Ranks
import Tensors

/// Rows for the experts of a layer that another rank has, or the word that no more follow.
///
/// On its way: 1, the layer, how many runs, for each its expert and how many rows, then the rows of all runs; or 0.
enum ExpertCall: Equatable {
    case stop
    /// - Parameter runs: they lie end to end from row 0 on.
    case run(layer: Int, runs: [ExpertOrder.Segment])

    /// What a call may name.
    struct Bounds {
        var layers: Int
        var experts: Int
        /// Elements of a row, and what they are rounded to.
        var columns: Int
        var precision: WeightPrecision
    }

    /// The most rows of a call.
    static let mostRows = 1 << 24

    /// Reads one, and its rows into `input`.
    init(
        _ message: RankMessage,
        from rank: Int,
        _ bounds: Bounds,
        into input: ProductInput
    ) throws(RanksError) {
        var reader = RankMessageReader(message, from: rank)
        guard try reader.integer(below: 2, "kind of call") == 1 else {
            try reader.expectEnd()
            self = .stop
            return
        }
        let layer = try reader.integer(below: bounds.layers, "layer")
        var runs: [ExpertOrder.Segment] = []
        var rows = 0
        for _ in 0..<(try reader.integer(below: bounds.experts + 1, "number of runs")) {
            let expert = try reader.integer(below: bounds.experts, "expert")
            let count = try reader.integer(below: Self.mostRows - rows + 1, "number of rows")
            runs.append(ExpertOrder.Segment(expert: expert, rows: rows..<rows + count))
            rows += count
        }
        // Every row has more than a byte, so what is made room for is no more than came.
        guard rows <= reader.bytesLeft else { throw .malformed(rank: rank, reason: "it ends within its rows") }
        input.begin(rows: rows, columns: bounds.columns, as: bounds.precision)
        for row in 0..<rows {
            var rest = reader
            let bytes = try rest.bytes(reader.bytesLeft, "rows")
            guard let count = input.read(row: row, from: bytes) else {
                throw .malformed(rank: rank, reason: "row \(row) of \(rows) is none")
            }
            _ = try reader.bytes(count, "row")
        }
        try reader.expectEnd()
        self = .run(layer: layer, runs: runs)
    }

    /// Writes the word that no more follow.
    static func writeStop(to message: RankMessage) {
        message.removeAll()
        message.append(0)
    }

    /// Writes the runs of `order` that `isTaken` picks, and adds their places to `places`.
    static func write(
        layer: Int,
        _ order: ExpertOrder,
        _ input: ProductInput,
        to message: RankMessage,
        places: inout [Int32],
        where isTaken: (_ expert: Int) -> Bool
    ) {
        message.removeAll()
        message.append(1)
        message.append(layer)
        message.append(order.segments.reduce(0) { $0 + (isTaken($1.expert) ? 1 : 0) })
        for segment in order.segments where isTaken(segment.expert) {
            message.append(segment.expert)
            message.append(segment.rows.count)
        }
        for segment in order.segments where isTaken(segment.expert) {
            for place in order.places[segment.rows] {
                let row = Int(place / order.choices)
                message.append(bytes: input.byteCount(row: row)) { input.write(row: row, to: $0) }
                places.append(place)
            }
        }
    }
}
