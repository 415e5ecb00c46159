import Tensors
import TestSupport
import Testing

/// Weights of four bits and fewer: the product against whole numbers, and how weights are rounded, on the instructions that kernels
/// run on.
@Suite struct FourBitTests {
    private let workers = Workers(threads: 2)

    /// Sums of four numbers each, so that most are small.
    private func values(_ count: Int, seed: UInt32) -> [Float] {
        var state = seed &* 747_796_405 &+ 2_891_336_453
        return (0..<count).map { _ in
            (0..<4).reduce(Float(0)) { sum, _ in
                state = state &* 747_796_405 &+ 2_891_336_453
                return sum + Float(Int32(bitPattern: state) >> 8) / Float(1 << 23)
            }
        }
    }

    private static let precisions = [WeightPrecision.int4, .int3, .int2]

    private func packed(_ elements: [Float], outputs: Int, inputs: Int, _ precision: WeightPrecision) -> PackedMatrix {
        let source = PackedMatrix.Source(outputs: outputs) { rows, destination in
            for (offset, value) in elements[rows.lowerBound * inputs..<rows.upperBound * inputs].enumerated() {
                destination[offset] = value
            }
        }
        return PackedMatrix([source], inputs: inputs, precision: precision, on: workers)
    }

    /// A row in whole steps, and the step.
    private func rounded(_ row: ArraySlice<Float>) -> (whole: [Int32], step: Float) {
        let magnitude = row.reduce(0) { max($0, abs($1)) }
        let inverse = magnitude > 0 ? 127 / magnitude : 0
        return (row.map { Int32(($0 * inverse).rounded(.toNearestOrEven)) }, magnitude / 127)
    }

    /// Whole sums are exact: there is one right answer, to the bit.
    @Test(arguments: [(1, 1), (31, 7), (32, 33), (33, 64), (70, 129), (97, 320)], precisions)
    func aProductIsTheExactSum(shape: (outputs: Int, inputs: Int), precision: WeightPrecision) {
        let (outputs, inputs) = shape
        let most = 40
        let x = values(most * inputs, seed: 1)
        let weight = packed(values(outputs * inputs, seed: 2), outputs: outputs, inputs: inputs, precision)
        let weights = RunWeights(weight)
        var sums: [Float] = []
        for row in 0..<most {
            let (whole, step) = rounded(x[row * inputs..<(row + 1) * inputs])
            for output in 0..<outputs {
                let sum = (0..<inputs).reduce(Int32(0)) { $0 + whole[$1] * weights.whole[output * inputs + $1] }
                sums.append(Float(sum) * weights.steps[output] * step)
            }
        }
        for rows in 1...most {
            let input = ProductInput()
            let elements = Array(x.prefix(rows * inputs))
            input.load(Matrix(rows: rows, columns: inputs, elements: elements), as: precision, on: workers)
            let expected = Array(sums.prefix(rows * outputs))
            for (epilogue, combine) in [
                (Product.Epilogue.store, { (sum: Float) in sum }),
                (.storeRectified, { max($0, 0) }),
                (.add, { 0.5 + $0 }),
            ] {
                let start = [Float](repeating: 0.5, count: rows * outputs)
                let output = Matrix(rows: rows, columns: outputs, elements: start)
                workers.run(Product(weight, input, into: output, epilogue))
                #expect(output.elements == expected.map(combine), "\(rows) rows, \(epilogue)")
            }
        }
    }

    /// Elements that are far larger than the others add what they are, and cost the others nothing; every second row has
    /// some.
    @Test(arguments: precisions, [(1, 1), (6, 9), (16, 40), (16, 1), (1, 40)])
    func outliersAreKeptApart(precision: WeightPrecision, counts: (outliers: Int, rows: Int)) {
        let ((outliers, rows), (outputs, inputs)) = (counts, (70, 129))
        let weight = packed(values(outputs * inputs, seed: 2), outputs: outputs, inputs: inputs, precision)
        let weights = RunWeights(weight)
        let places = (0..<outliers).map { $0 * 8 % inputs }
        var (ordinary, large) = (values(rows * inputs, seed: 5), [Float]())
        for place in places { for row in 0..<rows { ordinary[row * inputs + place] = 0 } }
        large = ordinary
        for row in stride(from: 0, to: rows, by: 2) {
            for (index, place) in places.enumerated() { large[row * inputs + place] = index % 2 == 0 ? 15_000 : -7_000 }
        }
        func product(_ elements: [Float]) -> [Float] {
            let input = ProductInput()
            input.load(Matrix(rows: rows, columns: inputs, elements: elements), as: precision, on: workers)
            let output = Matrix(rows: rows, columns: outputs)
            workers.run(Product(weight, input, into: output))
            return output.elements
        }
        for (index, (with, without)) in zip(product(large), product(ordinary)).enumerated() {
            let (row, output) = (index / outputs, index % outputs)
            let apart = places.map { place in
                Double(large[row * inputs + place]) * Double(weights.whole[output * inputs + place])
                    * Double(weights.steps[output])
            }
            let tolerance = 1e-5 * apart.reduce(1) { $0 + abs($1) }
            #expect(abs(Double(with) - Double(without) - apart.reduce(0, +)) <= tolerance, "row \(row)")
        }
    }

    /// What is found never errs more than rounding from the least value up, and where weights are as models have them
    /// errs a sixth less, with fewer bits still less.
    @Test(arguments: zip(precisions, [0.84, 0.8, 0.6]))
    func theSearchIsNeverWorseThanRounding(precision: WeightPrecision, share: Double) {
        let (outputs, inputs) = (48, 416)
        let plain = values(outputs * inputs, seed: 3)
        let kinds: [(name: String, share: Double, weights: [Float])] = [
            ("plain", share, plain),
            ("positive", 1, plain.map { abs($0) + 1 }),
            ("negative", 1, plain.map { -abs($0) - 1 }),
            ("with outliers", 1, plain.enumerated().map { $0.offset % 101 == 0 ? $0.element * 50 : $0.element }),
            ("of two values", 1, plain.map { $0 > 0 ? 0.25 : -1 }),
            ("tiny", 1, plain.map { $0 * 1e-34 }),
            ("huge", 1, plain.map { $0 * 1e37 }),
        ]
        for (name, share, weights) in kinds {
            let found = RunWeights(packed(weights, outputs: outputs, inputs: inputs, precision))
            var (searched, simple) = (0.0, 0.0)
            for output in 0..<outputs {
                let (step, before) = (found.steps[output], (searched, simple))
                for first in stride(from: output * inputs, to: (output + 1) * inputs, by: 32) {
                    let run = weights[first..<first + 32]
                    let other = RunWeights.roundedFromTheLeast(run, step: step, precision)
                    for index in 0..<32 {
                        let value = Double(run[first + index])
                        let missed = (value - Double(found.whole[first + index]) * Double(step)) / Double(step)
                        let missedSimply = (value - Double(other[index])) / Double(step)
                        searched += missed * missed
                        simple += missedSimply * missedSimply
                    }
                }
                #expect(searched - before.0 <= (simple - before.1) * 1.0001 + 1e-6, "\(name), output \(output)")
            }
            #expect(searched <= share * simple * 1.0001 + 1e-6, "\(name): \(searched) and \(simple)")
        }
    }

    @Test(arguments: precisions) func whatFitsTheGridIsExact(precision: WeightPrecision) {
        // As many values evenly apart as there are, in every run: the largest multiplier.
        let most = RunWeights.most(precision)
        let count = Int(most.weight) + 1
        let weights = (0..<64 * 96).map { Float($0 * 7 % count) * 0.125 - 0.25 }
        let found = RunWeights(packed(weights, outputs: 64, inputs: 96, precision))
        for (index, weight) in weights.enumerated() {
            #expect(abs(Float(found.whole[index]) * found.steps[index / 96] - weight) < 0.004)
        }
        let zeros = RunWeights(packed([Float](repeating: 0, count: 64 * 96), outputs: 64, inputs: 96, precision))
        #expect(zeros.whole.allSatisfy { $0 == 0 })
    }

    /// Every weight of every place, with every multiplier of its own: what is packed is what is read back.
    @Test(arguments: precisions) func everyWeightIsReadBackFromItsPlace(precision: WeightPrecision) {
        let most = RunWeights.most(precision)
        let (outputs, inputs) = (70, 129)
        var random = SplitMix(state: 3)
        // Least and most in each run, so that the grid is that of the values; the first run of an output is its widest.
        let weights = (0..<outputs).flatMap { _ in
            (0..<inputs).map { input -> Float in
                let multiplier = input < 32 ? most.multiplier : Float(1 + (input / 32) % Int(most.multiplier))
                let weight =
                    input % 32 == 0 ? 0 : input % 32 == 1 ? most.weight : Float(random.below(Int(most.weight) + 1))
                return multiplier * weight / 256
            }
        }
        let found = RunWeights(packed(weights, outputs: outputs, inputs: inputs, precision))
        for output in 0..<outputs {
            for input in 0..<inputs where input < 128 {
                let value = found.weight(output, input, inputs: inputs)
                #expect(abs(value - Double(weights[output * inputs + input])) < 1e-6, "\(output), \(input)")
            }
        }
    }

    /// A weight's bits, half a byte for each multiplier and offset, and the step.
    @Test func fewerBitsAreFewerBytes() {
        let bytes = Self.precisions.map { PackedMatrix(outputs: 64, inputs: 768, precision: $0).byteCount }
        #expect(bytes == [9, 7, 5].map { 64 * 768 * $0 / 16 + 64 * 4 })
    }

    /// The same bytes on every instruction set: a packed model means the same on all of them.
    @Test(
        arguments: zip(
            precisions,
            [2_685_962_228_242_825_067, 9_970_791_285_148_154_924, 16_501_730_091_527_201_644] as [UInt64]
        )
    )
    func everyInstructionSetRoundsAlike(precision: WeightPrecision, expected: UInt64) {
        let matrix = packed(values(70 * 200, seed: 5), outputs: 70, inputs: 200, precision)
        let checksum = matrix.withPackedBytes { bytes in
            bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        }
        #expect(checksum == expected)
    }
}
