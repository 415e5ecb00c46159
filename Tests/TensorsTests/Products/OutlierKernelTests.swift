import Foundation
import Tensors
import Testing

/// Rows of eight bits with elements that would cost the others their digits.
@Suite struct OutlierKernelTests {
    private let workers = Workers(threads: 2)
    private let outputs = 70
    private let inputs = 130

    private func values(_ count: Int, seed: UInt64) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 33)) / Float(1 << 30) - 1
        }
    }

    /// A row of ordinary values but for some elements; element 5 is never one of them.
    private func row(_ seed: UInt64, outliers: Int, factor: Float) -> [Float] {
        var row = values(inputs, seed: seed)
        for outlier in 0..<outliers { row[(7 + 11 * outlier) % inputs] = factor * (outlier % 2 == 0 ? 1.5 : -0.75) }
        return row
    }

    private func weight(_ elements: [Float]) -> PackedMatrix {
        let source = PackedMatrix.Source(outputs: outputs) { rows, destination in
            for (offset, value) in elements[rows.lowerBound * inputs..<rows.upperBound * inputs].enumerated() {
                destination[offset] = value
            }
        }
        return PackedMatrix([source], inputs: inputs, precision: .int8, on: workers)
    }

    private func product(_ rows: [[Float]], _ weight: PackedMatrix, _ epilogue: Product.Epilogue = .store) -> [Float] {
        let input = ProductInput()
        let elements = rows.flatMap { $0 }
        input.load(Matrix(rows: rows.count, columns: inputs, elements: elements), as: .int8, on: workers)
        let output = Matrix(rows: rows.count, columns: outputs, elements: values(rows.count * outputs, seed: 99))
        workers.run(Product(weight, input, into: output, epilogue))
        return output.elements
    }

    /// Sums of weights as int8 rounds them.
    private func sums(_ row: [Float], _ weights: [Float]) -> [Double] {
        (0..<outputs).map { output in
            let own = weights[output * inputs..<(output + 1) * inputs]
            let step = Double(own.reduce(0) { max($0, abs($1)) }) / 127
            return zip(row, own).reduce(0) {
                $0 + Double($1.0) * (Double($1.1) / step).rounded(.toNearestOrEven) * step
            }
        }
    }

    private func error(_ found: [Float], _ expected: [Double]) -> Double {
        zip(found, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
    }

    @Test(arguments: [1, 2, 6, 8], [Float(100), 10_000, 1e6])
    func outliersCostTheOthersNothing(outliers: Int, factor: Float) {
        let weights = values(outputs * inputs, seed: 1)
        let packed = weight(weights)
        let ordinary = row(2, outliers: 0, factor: 0)
        let own = error(product([ordinary], packed), sums(ordinary, weights))
        let large = row(2, outliers: outliers, factor: factor)
        let found = error(product([large], packed), sums(large, weights))
        // Sums of Float32 that large are no finer.
        #expect(found <= 1.5 * own + Double(factor) * 2e-6, "\(found) beside \(own)")
        #expect(own > 0)
    }

    @Test func whatIsKeptApartIsExact() {
        let weights = values(outputs * inputs, seed: 3)
        var lonely = [Float](repeating: 0, count: inputs)
        // Two that differ too much for one scale, among zeros and ones.
        for column in 0..<20 { lonely[column] = column % 2 == 0 ? 1 : -1 }
        (lonely[40], lonely[127]) = (123_456.5, -777.25)
        let expected = sums(lonely, weights)
        let found = product([lonely], weight(weights))
        #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) <= 1e-6 * abs($1) + 0.02 })
    }

    @Test func manyOutliersAreKeptApartAsFarAsThereIsRoom() {
        let weights = values(outputs * inputs, seed: 4)
        let packed = weight(weights)
        // An eighth of the elements may be; these grow, so that some of them stay with the others.
        var row = row(5, outliers: 0, factor: 0)
        for index in 0..<40 { row[3 * index + 1] *= Float(sign: .plus, exponent: index / 2, significand: 1) }
        let found = product([row], packed)
        #expect(found.allSatisfy { $0.isFinite })
        #expect(error(found, sums(row, weights)) < 300)
    }

    @Test(arguments: [Product.Epilogue.store, .storeRectified, .add])
    func neighboursChangeNoBit(epilogue: Product.Epilogue) {
        let packed = weight(values(outputs * inputs, seed: 6))
        let rows = (0..<37).map { row(UInt64(10 + $0), outliers: $0 % 5 == 3 ? 1 + $0 % 4 : 0, factor: 5000) }
        let together = product(rows, packed, epilogue)
        for index in rows.indices {
            // The place of a row decides what an addition adds to.
            let before = Array(repeating: row(1, outliers: 0, factor: 0), count: index)
            let alone = product(before + [rows[index]], packed, epilogue)
            #expect(alone.suffix(outputs) == together[index * outputs..<(index + 1) * outputs])
            if epilogue == .storeRectified { #expect(alone.suffix(outputs).allSatisfy { $0 >= 0 }) }
        }
    }

    @Test func gatheredRowsKeepTheirOutliers() {
        let packed = weight(values(outputs * inputs, seed: 7))
        let rows = (0..<5).map { row(UInt64(20 + $0), outliers: $0, factor: 3000) }
        let (all, some) = (ProductInput(), ProductInput())
        all.load(Matrix(rows: 5, columns: inputs, elements: rows.flatMap { $0 }), as: .int8, on: workers)
        // Rows with more outliers were there before.
        some.gather([4, 4, 4], from: all, on: workers)
        some.gather([2, 0, 4], from: all, on: workers)
        let (expected, found) = (Matrix(rows: 5, columns: outputs), Matrix(rows: 3, columns: outputs))
        workers.run(Product(packed, all, into: expected))
        workers.run(Product(packed, some, into: found))
        let rowsOfAll: [Float] = [2, 0, 4].flatMap { expected.elements[$0 * outputs..<($0 + 1) * outputs] }
        #expect(found.elements == rowsOfAll)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity]) func whatIsNoNumberStaysNoneBesideOutliers(poison: Float) {
        var row = row(8, outliers: 3, factor: 10_000)
        row[60] = poison
        #expect(product([row], weight(values(outputs * inputs, seed: 9))).allSatisfy { !$0.isFinite })
    }

    @Test(arguments: [Float(1e-44), 1e-38, 1e-36, 3e38]) func rowsAtTheEndsOfFloatsGiveNumbers(largest: Float) {
        var row = [Float](repeating: .leastNonzeroMagnitude, count: inputs)
        row[3] = largest
        let found = product([row], weight(values(outputs * inputs, seed: 9).map { $0 / 1000 }))
        #expect(found.allSatisfy { $0.isFinite })
    }
}
