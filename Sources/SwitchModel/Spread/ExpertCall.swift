import Ranks
import Tensors

/// What one rank sends another in one slot: a word on itself, and rows for experts of one sparse layer.
///
/// On its way: slots of the turn, flags, the layer, how many runs, for each its expert and how many rows, then those rows.
enum ExpertCall {
    /// What a call may name.
    struct Bounds {
        var layers: Int
        var experts: Int
        /// Elements of a row, and what they are rounded to.
        var columns: Int
        var precision: WeightPrecision
    }

    /// Rows of a call for one expert.
    struct Run: Equatable {
        var rank: Int
        var layer: Int
        var expert: Int
        /// Among those that all calls of a slot brought.
        var rows: Range<Int>
    }

    /// The most rows of a call, and calls of a turn.
    static let mostRows = 1 << 24
    static let mostSlots = 1 << 16

    /// Writes the parts of `order` that `rank` is to compute, and adds their places to `places`.
    static func write(
        _ word: RankWord,
        layer: Int,
        _ order: ExpertOrder,
        _ parts: ArraySlice<ExpertPart>,
        _ input: ProductInput,
        to message: RankMessage,
        places: inout [Int32]
    ) {
        message.removeAll()
        message.append(word.slots)
        message.append((word.isDecoding ? 1 : 0) + (word.isLeaving ? 2 : 0))
        message.append(layer)
        message.append(parts.count)
        for part in parts {
            message.append(part.expert)
            message.append(part.rows.count)
        }
        for part in parts {
            for place in order.places[part.rows] {
                let row = Int(place / order.choices)
                message.append(bytes: input.byteCount(row: row)) { input.write(row: row, to: $0) }
                places.append(place)
            }
        }
    }
}

/// What the calls of a slot brought.
///
/// Kept from slot to slot, so that it asks for no memory.
struct ReceivedCalls {
    /// In the order they came; those of one rank follow each other.
    private(set) var runs: [ExpertCall.Run] = []
    /// Rows of all of them.
    private(set) var rows = 0

    mutating func removeAll() {
        runs.removeAll(keepingCapacity: true)
        rows = 0
    }

    /// Which of the rows came from a rank.
    func rows(of rank: Int) -> Range<Int> {
        guard let first = runs.firstIndex(where: { $0.rank == rank }),
            let last = runs.lastIndex(where: { $0.rank == rank })
        else { return 0..<0 }
        return runs[first].rows.lowerBound..<runs[last].rows.upperBound
    }

    /// Takes a call in, its rows behind those of `input`.
    ///
    /// - Throws: where it is none, or names an expert that is not here.
    mutating func read(
        _ message: RankMessage,
        from rank: Int,
        _ bounds: ExpertCall.Bounds,
        into input: ProductInput,
        where isHere: (_ layer: Int, _ expert: Int) -> Bool
    ) throws(RanksError) -> RankWord {
        var reader = RankMessageReader(message, from: rank)
        let slots = try reader.integer(below: ExpertCall.mostSlots, "number of slots")
        let flags = try reader.integer(below: 4, "flags")
        let layer = try reader.integer(below: bounds.layers, "layer")
        let before = rows
        for _ in 0..<(try reader.integer(below: bounds.experts + 1, "number of runs")) {
            let expert = try reader.integer(below: bounds.experts, "expert")
            let count = try reader.integer(below: ExpertCall.mostRows - rows + 1, "number of rows")
            guard isHere(layer, expert) else {
                throw .malformed(rank: rank, reason: "expert \(expert) of sparse layer \(layer) is not here")
            }
            runs.append(ExpertCall.Run(rank: rank, layer: layer, expert: expert, rows: rows..<rows + count))
            rows += count
        }
        // A row has a byte at least for each of its elements, so what is made room for is no more than came, four times.
        guard (rows - before) * bounds.columns <= reader.bytesLeft else {
            throw .malformed(rank: rank, reason: "it ends within its rows")
        }
        try Self.readRows(rows - before, &reader, from: rank, into: input)
        try reader.expectEnd()
        return RankWord(slots: slots, isDecoding: flags & 1 != 0, isLeaving: flags & 2 != 0)
    }

    private static func readRows(
        _ count: Int,
        _ reader: inout RankMessageReader,
        from rank: Int,
        into input: ProductInput
    ) throws(RanksError) {
        let first = input.rows
        input.add(rows: count)
        for row in 0..<count {
            var rest = reader
            let bytes = try rest.bytes(reader.bytesLeft, "rows")
            guard let taken = input.read(row: first + row, from: bytes) else {
                throw .malformed(rank: rank, reason: "row \(row) of \(count) is none")
            }
            _ = try reader.bytes(taken, "row")
        }
    }
}
