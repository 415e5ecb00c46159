import Tensors

/// The weights of four bits or fewer that a packed matrix holds, read out of its bytes: `step * (multiplier * weight -
/// offset)`.
struct RunWeights {
    /// `[outputs, inputs]`, before the step.
    private(set) var whole: [Int32] = []
    /// Of each output.
    private(set) var steps: [Float] = []

    init(_ matrix: PackedMatrix) {
        let bits = Self.bits(matrix.precision)
        let blocks = (matrix.inputs + 63) / 64
        let blockBytes = 32 * (4 + 8 * bits)
        let panelBytes = blocks * blockBytes + 128
        matrix.withPackedBytes { bytes in
            for output in 0..<matrix.outputs {
                let (panel, lane) = (output / 32 * panelBytes, output % 32)
                let step = panel + blocks * blockBytes + lane * 4
                steps.append(bytes.loadUnaligned(fromByteOffset: step, as: Float.self))
                for input in 0..<matrix.inputs {
                    let block = panel + input / 64 * blockBytes
                    let (run, place) = (input % 64 / 32, input % 32)
                    let multiplier = Int32(bytes[block + run * 32 + lane])
                    let offset = Int32(bytes[block + 64 + lane * 2 + run])
                    let words = block + 128 + run * 128 * bits + lane * 4 + place % 4
                    func bitsAt(_ vector: Int, from low: Int, _ count: Int) -> Int32 {
                        Int32(bytes[words + vector * 128]) >> Int32(low) & (1 << Int32(count) - 1)
                    }
                    let weight =
                        switch bits {
                        case 4: bitsAt(place / 8, from: place % 8 / 4 * 4, 4)
                        case 3: bitsAt(place / 16, from: place % 16 / 4 * 2, 2) + 4 * bitsAt(2, from: place / 4, 1)
                        default: bitsAt(place / 16, from: place % 16 / 4 * 2, 2)
                        }
                    whole.append(multiplier * weight - offset)
                }
            }
        }
    }

    /// What the weights are.
    func weight(_ output: Int, _ input: Int, inputs: Int) -> Double {
        Double(whole[output * inputs + input]) * Double(steps[output])
    }

    static func bits(_ precision: WeightPrecision) -> Int {
        switch precision {
        case .int3: 3
        case .int2: 2
        default: 4
        }
    }

    /// The largest weight of a run, and the largest multiplier.
    static func most(_ precision: WeightPrecision) -> (weight: Float, multiplier: Float) {
        let weight = Float(1 << bits(precision) - 1)
        return (weight, (255 / weight).rounded(.down))
    }

    /// What rounding a run from its least value up, in equal parts, would leave as whole numbers.
    static func roundedFromTheLeast(_ run: ArraySlice<Float>, step: Float, _ precision: WeightPrecision) -> [Float] {
        guard step > 0 else { return run.map { _ in 0 } }
        let most = most(precision)
        let least = min(run.min() ?? 0, 0)
        let parts = (((run.max() ?? 0) - least) / step / most.weight).rounded(.up)
        let multiplier = min(max(parts, 1), most.multiplier)
        let offset = (-least / step).rounded()
        return run.map { value in
            step * (multiplier * min(max(((value / step + offset) / multiplier).rounded(), 0), most.weight) - offset)
        }
    }
}
