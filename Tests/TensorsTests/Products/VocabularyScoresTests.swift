import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct VocabularyScoresTests {
    private let workers = Workers(threads: 3)

    private func values(_ count: Int, seed: UInt64) -> [Float] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 40) / Float(1 << 22)
        }
    }

    private func head(_ vocabulary: Int, _ width: Int, seed: UInt64) -> PackedMatrix {
        let weights = values(vocabulary * width, seed: seed)
        let source = PackedMatrix.Source(outputs: vocabulary) { rows, target in
            for index in 0..<rows.count * width { target[index] = weights[rows.lowerBound * width + index] }
        }
        return PackedMatrix([source], inputs: width, precision: .float32, on: workers)
    }

    @Test(arguments: [1, 31, 32, 33, 100, 1000]) func everyRowIsSummedUp(vocabulary: Int) {
        let (rows, width) = (7, 24)
        let input = ProductInput()
        input.load(
            Matrix(rows: rows, columns: width, elements: values(rows * width, seed: 2)),
            as: .float32,
            on: workers
        )
        let head = head(vocabulary, width, seed: 3)
        let expected = Matrix(rows: rows, columns: vocabulary)
        workers.run(Product(head, input, into: expected))
        let details = (0..<rows).map { $0 % 2 == 0 ? VocabularyScores.Detail.all : .best }
        let scores = VocabularyScores()
        scores.load(head, input, details, on: workers)
        let copied = VocabularyScores(expected)
        for row in 0..<rows {
            let row = row
            let logits = Array(expected.elements[row * vocabulary..<(row + 1) * vocabulary])
            if details[row] == .all { #expect(scores.elements(row: row) == logits) }
            for scores in [scores, copied] {
                #expect(scores.best(row: row) == logits.firstIndex(of: logits.max() ?? 0))
                #expect(scores.bestScore(row: row) == logits.max())
                let largest = Double(logits.max() ?? 0)
                let sum = largest + log(logits.reduce(0) { $0 + exp(Double($1) - largest) })
                #expect(abs(Double(scores.logSumExp(row: row)) - sum) < 1e-5)
            }
        }
    }

    @Test func ofEqualScoresTheFirstIsBest() {
        var logits = [Float](repeating: 0, count: 100)
        for column in [40, 41, 70] { logits[column] = 2 }
        #expect(VocabularyScores(Matrix(rows: 1, columns: 100, elements: logits)).best(row: 0) == 40)
    }

    @Test func ruledOutTokensAddNothing() {
        var logits = [Float](repeating: -.infinity, count: 100)
        logits[70] = 3
        let scores = VocabularyScores(Matrix(rows: 1, columns: 100, elements: logits))
        #expect(scores.best(row: 0) == 70)
        #expect(abs(scores.logSumExp(row: 0) - 3) < 1e-6)
    }

    @Test(arguments: [Float.nan, .infinity]) func aScoreThatIsNoNumberMakesTheSumNone(score: Float) {
        for column in [0, 5, 31, 32, 99] {
            var logits = (0..<100).map { Float($0) / 10 }
            logits[column] = score
            #expect(!VocabularyScores(Matrix(rows: 1, columns: 100, elements: logits)).logSumExp(row: 0).isFinite)
        }
    }

    @Test func aRowOfNothingHasNoSum() {
        let logits = [Float](repeating: -.infinity, count: 40)
        #expect(!VocabularyScores(Matrix(rows: 1, columns: 40, elements: logits)).logSumExp(row: 0).isFinite)
    }
}
