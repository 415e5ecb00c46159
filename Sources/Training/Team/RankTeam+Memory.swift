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
                        for range in tile { try reader.read(into: all[range], "elements") }
                    }
                } else {
                    try send(to: 0) { message in
                        for range in tile { message.append(memory.buffer[range]) }
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
                    for range in tile { try reader.read(into: memory.buffer[range], "elements") }
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
}
