import Foundation
import Tensors
import Testing

/// Products, attention and row operations against plain loops, on the instructions that kernels run on: the best of this
/// processor, or what SWITCHYARD_INSTRUCTION_SET names.
@Suite struct KernelTests {
    private let workers = Workers(threads: 2)

    private func values(_ count: Int, seed: UInt32) -> [Float] {
        var state = seed &* 747_796_405 &+ 2_891_336_453
        return (0..<count).map { _ in
            state = state &* 747_796_405 &+ 2_891_336_453
            return Float(Int32(bitPattern: state) >> 8) / Float(1 << 23)
        }
    }

    private func packed(
        _ elements: [Float],
        outputs: Int,
        inputs: Int,
        _ precision: WeightPrecision = .float32
    ) -> PackedMatrix {
        let source = PackedMatrix.Source(outputs: outputs) { rows, destination in
            for (offset, value) in elements[rows.lowerBound * inputs..<rows.upperBound * inputs].enumerated() {
                destination[offset] = value
            }
        }
        return PackedMatrix([source], inputs: inputs, precision: precision, on: workers)
    }

    private func input(
        _ elements: [Float],
        rows: Int,
        inputs: Int,
        _ precision: WeightPrecision = .float32
    ) -> ProductInput {
        let input = ProductInput()
        input.load(Matrix(rows: rows, columns: inputs, elements: elements), as: precision, on: workers)
        return input
    }

    /// What a precision makes of values before they are multiplied, step by step as its definition says.
    private func rounded(_ values: [Float], width: Int, _ precision: WeightPrecision) -> [Double] {
        switch precision {
        case .float32: return values.map(Double.init)
        case .bfloat16:
            return values.map { value in
                let (low, high) = (value.bitPattern & 0xFFFF, value.bitPattern >> 16)
                let isUp = low > 0x8000 || low == 0x8000 && high & 1 == 1
                return Double(Float(bitPattern: (high + (isUp ? 1 : 0)) << 16))
            }
        case .int8, .int4, .int3, .int2:
            return stride(from: 0, to: values.count, by: width).flatMap { start in
                let row = values[start..<start + width]
                let step = Double(row.reduce(0) { max($0, abs($1)) }) / 127
                return row.map { step == 0 ? 0 : (Double($0) / step).rounded(.toNearestOrEven) * step }
            }
        }
    }

    /// Weights of four bits are rounded otherwise: `FourBitTests`.
    @Test(arguments: [WeightPrecision.float32, .bfloat16, .int8])
    func aProductIsTheSumsOfRoundedValues(precision: WeightPrecision) {
        for rows in [1, 2, 3, 13, 14, 15, 29, 64] {
            for (outputs, inputs) in [(1, 1), (31, 7), (32, 33), (33, 64), (100, 50)] {
                let x = values(rows * inputs, seed: 1)
                let w = values(outputs * inputs, seed: 2)
                let start = values(rows * outputs, seed: 3)
                let (roundedX, roundedW) = (rounded(x, width: inputs, precision), rounded(w, width: inputs, precision))
                let sums = (0..<rows * outputs).map { index in
                    (0..<inputs).reduce(0.0) {
                        $0 + roundedX[index / outputs * inputs + $1] * roundedW[index % outputs * inputs + $1]
                    }
                }
                for (epilogue, combine) in [
                    (Product.Epilogue.store, { (_: Double, sum: Double) in sum }),
                    (.storeRectified, { (_, sum) in max(0, sum) }),
                    (.add, { (old, sum) in old + sum }),
                ] {
                    let output = Matrix(rows: rows, columns: outputs, elements: start)
                    let weight = packed(w, outputs: outputs, inputs: inputs, precision)
                    workers.run(
                        Product(weight, input(x, rows: rows, inputs: inputs, precision), into: output, epilogue)
                    )
                    let isRight = zip(output.elements, zip(start, sums)).allSatisfy { value, expected in
                        abs(Double(value) - combine(Double(expected.0), expected.1)) < 1e-5
                    }
                    #expect(isRight, "\(rows) rows, [\(outputs), \(inputs)], \(epilogue)")
                }
            }
        }
    }

    @Test(arguments: WeightPrecision.allCases)
    func aRowsProductDoesNotDependOnItsNeighbours(precision: WeightPrecision) {
        let (outputs, inputs, rows) = (70, 129, 40)
        let x = values(rows * inputs, seed: 4)
        let weight = packed(values(outputs * inputs, seed: 5), outputs: outputs, inputs: inputs, precision)
        let together = Matrix(rows: rows, columns: outputs)
        workers.run(Product(weight, input(x, rows: rows, inputs: inputs, precision), into: together))
        for row in 0..<rows {
            let alone = Matrix(rows: 1, columns: outputs)
            let one = Array(x[row * inputs..<(row + 1) * inputs])
            workers.run(Product(weight, input(one, rows: 1, inputs: inputs, precision), into: alone))
            #expect(alone.elements == Array(together.elements[row * outputs..<(row + 1) * outputs]))
        }
    }

    @Test(arguments: WeightPrecision.allCases)
    func whatIsNotANumberStaysNone(precision: WeightPrecision) {
        let weight = packed(values(40 * 64, seed: 5), outputs: 40, inputs: 64, precision)
        for poison in [Float.nan, .infinity, -.infinity, Float(bitPattern: 0x7FFF_FFFF)] {
            var x = values(64, seed: 6)
            x[9] = poison
            let output = Matrix(rows: 1, columns: 40)
            workers.run(Product(weight, input(x, rows: 1, inputs: 64, precision), into: output))
            #expect(output.elements.allSatisfy { !$0.isFinite }, "\(poison)")
        }
    }

    @Test(arguments: WeightPrecision.allCases) func aRowOfZerosStaysZero(precision: WeightPrecision) {
        let output = Matrix(rows: 1, columns: 5)
        let zeros = [Float](repeating: 0, count: 7)
        let weight = packed(values(35, seed: 5), outputs: 5, inputs: 7, precision)
        workers.run(Product(weight, input(zeros, rows: 1, inputs: 7, precision), into: output))
        #expect(output.elements == [0, 0, 0, 0, 0])
    }

    @Test(arguments: WeightPrecision.allCases) func gatheredRowsAreTheRows(precision: WeightPrecision) {
        let x = values(5 * 1024, seed: 7)
        let all = input(x, rows: 5, inputs: 1024, precision)
        let some = ProductInput()
        some.gather([4, 0, 4], from: all, on: workers)
        let weight = packed(values(33 * 1024, seed: 8), outputs: 33, inputs: 1024, precision)
        let (expected, found) = (Matrix(rows: 5, columns: 33), Matrix(rows: 3, columns: 33))
        workers.run(Product(weight, all, into: expected))
        workers.run(Product(weight, some, into: found))
        let rows = [4, 0, 4].flatMap { expected.elements[$0 * 33..<($0 + 1) * 33] }
        #expect(found.elements == rows)
    }

    @Test func raggedAttentionEqualsCachedAttentionRowByRow() throws {
        for (heads, width) in [(1, 1), (3, 5), (2, 40), (4, 64)] {
            let inner = heads * width
            let sequences = [0..<1, 1..<34, 34..<134]
            let tokens = 134
            let projections = Matrix(
                rows: tokens,
                columns: 3 * inner,
                elements: values(tokens * 3 * inner, seed: 6)
            )
            for hasBias in [false, true] {
                let table = hasBias ? values(heads * 255, seed: 7) : [Float](repeating: 0, count: heads * 255)
                let bias = Matrix(rows: heads, columns: 255, elements: table)
                let output = Matrix(rows: tokens, columns: inner)
                var attention = RaggedAttention(
                    projections: projections,
                    sequences: sequences,
                    heads: heads,
                    bias: bias,
                    output: output
                )
                workers.run(attention, scratch: Matrix())
                attention.precision = .bfloat16
                attention.output = Matrix(rows: tokens, columns: inner)
                workers.run(attention, scratch: Matrix())
                // Probabilities sum to 1 and values are at most 1: what is left is the rounding of 8 bits.
                #expect(zip(output.elements, attention.output.elements).allSatisfy { abs($0 - $1) < 0.02 })

                let pool = try KeyValuePool(
                    .init(layers: 2, heads: heads, headWidth: width, precision: .float32),
                    bytes: 1 << 24
                )
                for sequence in sequences {
                    let query = Matrix(rows: sequence.count, columns: inner)
                    query.copy(rows: sequence, columns: 0..<inner, of: projections, toRow: 0)
                    let (history, expected) = (RowList(capacity: 100), Matrix(rows: sequence.count, columns: inner))
                    for position in 0..<sequence.count { history.append(Int32(position)) }
                    let own = Matrix(rows: sequence.count, columns: 3 * inner)
                    own.copy(rows: sequence, columns: 0..<3 * inner, of: projections, toRow: 0)
                    pool.store(own, column: inner, layer: 1, at: (0..<sequence.count).map { history[$0] }, on: workers)
                    // With a bias only the last query stands where a decoder's does.
                    let rows = hasBias ? sequence.upperBound - 1..<sequence.upperBound : sequence
                    let attention = CachedAttention(
                        query: query,
                        pool: pool,
                        layer: 1,
                        bias: bias,
                        output: expected
                    )
                    workers.run(attention, (0..<sequence.count).map { _ in history.view }, scratch: Matrix())
                    let found = output.elements[rows.lowerBound * inner..<rows.upperBound * inner]
                    let cached = expected.elements.suffix(rows.count * inner)
                    #expect(zip(found, cached).allSatisfy { abs($0 - $1) < 1e-5 })
                }
            }
        }
    }

    @Test func softmaxAgreesWithDoubles() {
        for count in [1, 2, 15, 16, 17, 1000] {
            let x = values(count, seed: 8).map { $0 * 40 }
            let matrix = Matrix(rows: 1, columns: count, elements: x)
            let largest = Double(x.max() ?? 0)
            let exponentials = x.map { exp(Double($0) - largest) }
            let sum = exponentials.reduce(0, +)
            matrix.softmaxRows()
            #expect(zip(matrix.elements, exponentials).allSatisfy { abs(Double($0) - $1 / sum) < 3e-7 })
        }
    }

    @Test(arguments: Activation.allCases) func activationsAgreeWithDoubles(activation: Activation) {
        func expected(_ x: Double) -> Double {
            switch activation {
            case .relu: max(x, 0)
            case .gelu: x * 0.5 * (1 + erf(x / 2.0.squareRoot()))
            case .geluTanh: x * 0.5 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
            case .silu: x / (1 + exp(-x))
            }
        }
        let workers = Workers(threads: 2)
        for columns in [1, 5, 16, 33, 200] {
            let x = values(3 * 2 * columns, seed: 4).map { $0 * 20 }
            let (plain, gated) = (ProductInput(), ProductInput())
            let inner = Matrix(rows: 3, columns: 2 * columns, elements: x)
            plain.load(activation, of: inner, isGated: false, as: .float32, on: workers)
            for (value, x) in zip(inner.elements, x) { #expect(abs(Double(value) - expected(Double(x))) < 2e-6 * 20) }
            let halves = Matrix(rows: 3, columns: 2 * columns, elements: x)
            gated.load(activation, of: halves, isGated: true, as: .float32, on: workers)
            #expect(gated.columns == columns)
            for row in 0..<3 {
                for column in 0..<columns {
                    let place = row * 2 * columns + column
                    let wanted = expected(Double(x[place])) * Double(x[place + columns])
                    #expect(abs(Double(halves.elements[place]) - wanted) < 1e-5 * max(1, abs(wanted)))
                }
            }
        }
    }

    @Test func everyTileRunsExactlyOnce() {
        for threads in [1, 2, 5] {
            let workers = Workers(threads: threads)
            for tiles in [0, 1, 2, 3, 17, 1000] {
                for _ in 0..<50 {
                    let counts = Matrix(rows: max(tiles, 1), columns: 1)
                    counts.scale(by: 0)
                    workers.forEach(tiles) { tile, _ in
                        counts.fill(rows: tile..<tile + 1) { $0.pointee = $0.pointee.isNaN ? 1 : $0.pointee + 1 }
                    }
                    #expect(tiles == 0 || counts.elements.allSatisfy { $0 == 1 })
                }
            }
        }
    }
}
