import TestSupport
import Testing

@testable import Tensors

/// Rounding that passes on what it misses: what products lose on inputs like those it was made for.
@Suite struct CalibratedRoundingTests {
    private let workers = Workers(threads: 2)

    private static let precisions = [WeightPrecision.int4, .int3, .int2]

    /// Rows of `inputs` numbers that depend on each other: mixtures of a few, and a little of each one's own.
    private struct Inputs {
        let mixtures: [[Float]]
        var random: SplitMix

        init(_ inputs: Int, seed: UInt64) {
            var random = SplitMix(state: seed)
            mixtures = (0..<inputs / 4 + 1).map { _ in (0..<inputs).map { _ in Self.normal(&random) } }
            self.random = random
        }

        static func normal(_ random: inout SplitMix) -> Float {
            (0..<6).reduce(Float(0)) { sum, _ in sum + Float(random.below(1 << 20)) / Float(1 << 20) - 0.5 } * 1.4
        }

        mutating func rows(_ count: Int) -> Matrix {
            let inputs = mixtures[0].count
            var elements: [Float] = []
            for _ in 0..<count {
                var row = (0..<inputs).map { _ in 0.3 * Self.normal(&random) }
                for mixture in mixtures {
                    let share = Self.normal(&random)
                    for input in 0..<inputs { row[input] += share * mixture[input] * 0.3 }
                }
                // As after a rectifier.
                elements += row.map { max($0, 0) }
            }
            return Matrix(rows: count, columns: inputs, elements: elements)
        }
    }

    private func weights(_ outputs: Int, _ inputs: Int) -> [Float] {
        var random = SplitMix(state: 9)
        return (0..<outputs * inputs).map { _ in Inputs.normal(&random) }
    }

    private func packed(
        _ elements: [Float],
        outputs: Int,
        _ precision: WeightPrecision,
        _ factor: ErrorFactor?
    ) -> PackedMatrix {
        let inputs = elements.count / outputs
        let source = PackedMatrix.Source(outputs: outputs) { rows, destination in
            for (offset, value) in elements[rows.lowerBound * inputs..<rows.upperBound * inputs].enumerated() {
                destination[offset] = value
            }
        }
        let matrix = PackedMatrix(outputs: outputs, inputs: inputs, precision: precision)
        matrix.fill([source], passingOn: factor, on: workers)
        return matrix
    }

    private func elements(_ factor: ErrorFactor) -> [Float] {
        let elements = factor.upper.elements
        return withExtendedLifetime(factor) { elements }
    }

    /// ‖X(W − Q)‖², of what a packed matrix holds.
    private func loss(_ matrix: PackedMatrix, _ weights: [Float], on rows: Matrix) -> Double {
        let (found, x, inputs) = (RunWeights(matrix), rows.elements, matrix.inputs)
        var sum = 0.0
        for output in 0..<matrix.outputs {
            let missed = (0..<inputs).map {
                Double(weights[output * inputs + $0]) - found.weight(output, $0, inputs: inputs)
            }
            for row in 0..<rows.rows {
                let error = (0..<inputs).reduce(0.0) { $0 + Double(x[row * inputs + $1]) * missed[$1] }
                sum += error * error
            }
        }
        return sum
    }

    @Test(arguments: precisions, [(33, 128), (70, 200), (5, 33)])
    func productsLoseLessOnInputsLikeTheirs(precision: WeightPrecision, shape: (outputs: Int, inputs: Int)) throws {
        let (outputs, inputs) = shape
        var drawn = Inputs(inputs, seed: 4)
        let (seen, others) = (drawn.rows(4 * inputs), drawn.rows(60))
        let weights = weights(outputs, inputs)
        let products = InputProducts(inputs: inputs)
        products.add(seen)
        let factor = try #require(products.errorFactor(damping: 0.1))
        let plain = packed(weights, outputs: outputs, precision, nil)
        let calibrated = packed(weights, outputs: outputs, precision, factor)
        #expect(loss(calibrated, weights, on: seen) < 0.7 * loss(plain, weights, on: seen))
        #expect(loss(calibrated, weights, on: others) < 0.75 * loss(plain, weights, on: others))
    }

    /// With rows of others that weigh a little, and damping, a handful of rows never does harm.
    @Test(arguments: precisions, [1, 4, 16, 60])
    func fewRowsAreHardlyWorseThanNone(precision: WeightPrecision, count: Int) throws {
        let (outputs, inputs) = (64, 128)
        var drawn = Inputs(inputs, seed: 5)
        let (own, layer, others) = (drawn.rows(count), drawn.rows(256), drawn.rows(200))
        let weights = weights(outputs, inputs)
        let products = InputProducts(inputs: inputs)
        products.add(own)
        products.add(layer, weight: 32 / 256)
        let factor = try #require(products.errorFactor(damping: 0.1))
        let plain = loss(packed(weights, outputs: outputs, precision, nil), weights, on: others)
        #expect(loss(packed(weights, outputs: outputs, precision, factor), weights, on: others) < 1.02 * plain)
    }

    /// Where inputs have nothing to do with each other there is nothing to pass on.
    @Test(arguments: precisions) func inputsApartAreRoundedApart(precision: WeightPrecision) throws {
        let (outputs, inputs) = (40, 70)
        let apart = Matrix(rows: inputs, columns: inputs)
        apart.fill(rows: 0..<inputs) { base in
            for index in 0..<inputs * inputs { base[index] = index % (inputs + 1) == 0 ? Float(1 + index % 5) : 0 }
        }
        let products = InputProducts(inputs: inputs)
        products.add(apart)
        let factor = try #require(products.errorFactor(damping: 0.1))
        let weights = weights(outputs, inputs)
        let (found, plain) = (
            packed(weights, outputs: outputs, precision, factor), packed(weights, outputs: outputs, precision, nil)
        )
        let (bytes, expected) = (found.withPackedBytes { Array($0) }, plain.withPackedBytes { Array($0) })
        #expect(bytes == expected)
    }

    /// Multiplying columns of weights by factors and dividing the inputs by them is the same rounding problem.
    @Test func factorsOfColumnsAreThoseOfInputs() throws {
        let inputs = 70
        let factors = (0..<inputs).map { Float(1 << ($0 % 4)) }
        var drawn = Inputs(inputs, seed: 6)
        let rows = drawn.rows(300)
        let divided = Matrix(
            rows: 300,
            columns: inputs,
            elements: rows.elements.enumerated().map { $0.element / factors[$0.offset % inputs] }
        )
        let (first, second) = (InputProducts(inputs: inputs), InputProducts(inputs: inputs))
        first.add(rows)
        second.add(divided)
        let scaled = elements(try #require(first.errorFactor(columnFactors: factors, damping: 0.1)))
        let expected = elements(try #require(second.errorFactor(damping: 0.1)))
        #expect(zip(scaled, expected).allSatisfy { abs($0 - $1) < 1e-3 * max(1e-3, abs($1)) })
    }

    /// `UᵀU` times the products is one.
    @Test(arguments: [1, 2, 63, 64, 65, 128, 200]) func theFactorIsThatOfTheInverse(inputs: Int) throws {
        var drawn = Inputs(inputs, seed: 7)
        let rows = drawn.rows(3 * inputs)
        let products = InputProducts(inputs: inputs)
        products.add(rows)
        let upper = elements(try #require(products.errorFactor(damping: 0.1))).map(Double.init)
        let x = rows.elements.map(Double.init)
        var matrix = (0..<inputs * inputs).map { index in
            (0..<rows.rows).reduce(0.0) { $0 + x[$1 * inputs + index / inputs] * x[$1 * inputs + index % inputs] }
        }
        let mean = (0..<inputs).reduce(0.0) { $0 + matrix[$1 * (inputs + 1)] } / Double(inputs)
        for index in 0..<inputs { matrix[index * (inputs + 1)] += 0.1 * mean }
        func product(_ left: [Double], _ right: [Double], transposed: Bool) -> [Double] {
            (0..<inputs * inputs).map { index in
                (0..<inputs).reduce(0.0) {
                    $0 + left[transposed ? $1 * inputs + index / inputs : index / inputs * inputs + $1]
                        * right[$1 * inputs + index % inputs]
                }
            }
        }
        for row in 0..<inputs { for column in 0..<row { #expect(upper[row * inputs + column] == 0) } }
        let one = product(product(upper, upper, transposed: true), matrix, transposed: false)
        for index in one.indices { #expect(abs(one[index] - (index % (inputs + 1) == 0 ? 1 : 0)) < 1e-3) }
    }

    @Test func whatHasNoInverseIsNoFactor() throws {
        let inputs = 40
        func factor(_ elements: [Float], damping: Float) -> ErrorFactor? {
            let products = InputProducts(inputs: inputs)
            products.add(Matrix(rows: elements.count / inputs, columns: inputs, elements: elements))
            return products.errorFactor(damping: damping)
        }
        let ones = [Float](repeating: 1, count: inputs)
        let hopeless: [([Float], Float)] = [
            ([], 0.1), (ones.map { _ in 0 }, 0.1), (ones, 0), (ones.map { _ in .nan }, 0.1),
            (ones.map { _ in 3e38 }, 0.1),
        ]
        for (elements, damping) in hopeless {
            let found = factor(elements, damping: damping)
            #expect(found == nil, "\(elements.prefix(1)), \(damping)")
        }
        // One row a hundred times has one, damped; what is rounded with it is finite.
        let damped = try #require(factor((0..<100).flatMap { _ in ones }, damping: 0.1))
        let weights = weights(33, inputs)
        let found = RunWeights(packed(weights, outputs: 33, .int2, damped))
        #expect(found.steps.allSatisfy { $0.isFinite })
    }
}
