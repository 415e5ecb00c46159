import Tensors

/// The weights of four bits that a packed matrix holds, read out of its bytes: `step * (multiplier * weight - offset)`.
struct FourBitWeights {
    /// `[outputs, inputs]`, before the step.
    private(set) var whole: [Int32] = []
    /// Of each output.
    private(set) var steps: [Float] = []

    init(_ matrix: PackedMatrix) {
        let blocks = (matrix.inputs + 63) / 64
        let (blockBytes, panelBytes) = (1152, (matrix.inputs + 63) / 64 * 1152 + 128)
        matrix.withPackedBytes { bytes in
            for output in 0..<matrix.outputs {
                let (panel, lane) = (output / 32 * panelBytes, output % 32)
                let step = panel + blocks * blockBytes + lane * 4
                steps.append(bytes.loadUnaligned(fromByteOffset: step, as: Float.self))
                for input in 0..<matrix.inputs {
                    let block = panel + input / 64 * blockBytes
                    let (run, place) = (input % 64 / 32, input % 8)
                    let multiplier = Int32(bytes[block + run * 32 + lane])
                    let offset = Int32(bytes[block + 64 + lane * 2 + run])
                    let byte = bytes[block + 128 + input % 64 / 8 * 128 + lane * 4 + place % 4]
                    whole.append(multiplier * Int32(place < 4 ? byte & 15 : byte >> 4) - offset)
                }
            }
        }
    }

    /// What rounding a run from its least value up, in 15 equal parts, would leave as whole numbers.
    static func roundedFromTheLeast(_ run: ArraySlice<Float>, step: Float) -> [Float] {
        guard step > 0 else { return run.map { _ in 0 } }
        let least = min(run.min() ?? 0, 0)
        let multiplier = min(max((((run.max() ?? 0) - least) / step / 15).rounded(.up), 1), 17)
        let offset = (-least / step).rounded()
        return run.map { value in
            step * (multiplier * min(max(((value / step + offset) / multiplier).rounded(), 0), 15) - offset)
        }
    }
}
