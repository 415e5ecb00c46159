import Ranks
import Tensors

/// What is shared out over ranks comes to rank 0, which writes checkpoints, and from there.
extension RankTeam {
    /// Elements of a message.
    private static let tileSize = 1 << 18

    /// Everything of a memory, at rank 0; nil at the others.
    ///
    /// What others have is sent, a tile after another.
    func gathered(
        _ memory: ParameterMemory,
        _ layout: ParameterLayout,
        _ share: ParameterShare
    ) throws(RanksError) -> FloatBuffer? {
        guard !isAlone else { return memory.buffer }
        // It may be writing what it got before.
        try awaitFirst()
        let all = isFirst ? FloatBuffer(count: memory.buffer.count) : nil
        if let all {
            for (parameter, place) in zip(layout.parameters, memory.places) where share.keeps(parameter) {
                all[place].copy(memory.buffer[place])
            }
        }
        for owner in 1..<count where isFirst || owner == rank {
            for tile in Self.tiles(memory, layout, { share.owner(of: $0) == owner }) {
                if let all {
                    try receive(from: owner) { reader throws(RanksError) in
                        for range in tile { try Self.take(all[range], &reader) }
                    }
                } else {
                    try send(to: 0) { message in
                        for range in tile { Self.put(memory.buffer[range], to: message) }
                    }
                }
            }
        }
        return all
    }

    /// Fills a memory at each rank with what it keeps.
    ///
    /// - Parameter elements: all of it, at rank 0.
    func share(
        out elements: [Float],
        _ memory: ParameterMemory,
        _ layout: ParameterLayout,
        _ share: ParameterShare
    ) throws(RanksError) {
        guard isFirst else {
            for tile in Self.tiles(memory, layout, share.keeps) {
                try receive(from: 0) { reader throws(RanksError) in
                    for range in tile { try Self.take(memory.buffer[range], &reader) }
                }
            }
            return
        }
        for (parameter, place) in zip(layout.parameters, memory.places) where share.keeps(parameter) {
            memory.buffer[place].store(Array(elements[place]))
        }
        for other in others {
            for tile in Self.tiles(memory, layout, { share.keeps($0, at: other) }) {
                try send(to: other) { message in
                    for range in tile {
                        elements[range].withUnsafeBytes { bytes in
                            message.append(bytes: bytes.count) { $0.copyMemory(from: bytes) }
                        }
                    }
                }
            }
        }
    }

    private static func tiles(
        _ memory: ParameterMemory,
        _ layout: ParameterLayout,
        _ isTaken: (Parameter) -> Bool
    ) -> [[Range<Int>]] {
        zip(layout.parameters, memory.places).filter { isTaken($0.0) }.map(\.1).tiles(of: tileSize)
    }

    private static func put(_ rows: FloatRows, to message: RankMessage) {
        message.append(bytes: rows.byteCount) { rows.write(to: $0) }
    }

    private static func take(_ rows: FloatRows, _ reader: inout RankMessageReader) throws(RanksError) {
        rows.read(from: try reader.bytes(rows.byteCount, "elements"))
    }
}
