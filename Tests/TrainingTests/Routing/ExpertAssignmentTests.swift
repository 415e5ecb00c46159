import Foundation
import SwitchModel
import Tensors
import Testing

@testable import Training

@Suite struct ExpertAssignmentTests {
    private let arena = FloatArena()

    private func rows(_ rows: [[Float]]) -> FloatRows {
        let result = arena.rows(rows.count, rows[0].count)
        result.store(rows.flatMap { $0 })
        return result
    }

    /// Few different values, so that there are ties; two sequences of a random length.
    @Test(arguments: [1, 2, 3], [1, 2, 5, 100])
    func trainingAndServingRouteAlike(choices: Int, capacity: Int) {
        var noise = Noise(seed: UInt64(choices), UInt64(capacity))
        for _ in 0..<20 {
            let count = 2 + Int(noise.unit() * 12)
            let probabilities = (0..<count).map { _ in
                let drawn = (0..<4).map { _ in 1 + Float(Int(noise.unit() * 4)) }
                return drawn.map { $0 / drawn.reduce(0, +) }
            }
            let cut = Int(noise.unit() * Double(count))
            let sequences = [0..<cut, cut..<count]
            let trained = ExpertAssignment(rows(probabilities), choices: choices, groups: sequences) { _ in capacity }
            var served = RoutingPlan(stack: .encoder, block: 1, expertCount: 4, choices: choices)
            let matrix = Matrix(rows: count, columns: 4, elements: probabilities.flatMap { $0 })
            served.fill(matrix, .sequences(sequences), capacity: capacity)
            #expect(served.experts.map(Int.init) == trained.chosen)
            #expect(served.gates == trained.gates)
            let kept = served.isDropped.indices.filter { !served.isDropped[$0] }
            #expect(kept == trained.entries.map(\.place).sorted())
            #expect(trained.dropped == served.isDropped.count { $0 })
        }
    }

    @Test func everyChoiceIsWantedWhetherThereIsRoomOrNot() {
        let probabilities = rows([[0.5, 0.25, 0.25], [0.5, 0.125, 0.375]])
        let assignment = ExpertAssignment(probabilities, choices: 2, groups: [0..<2]) { _ in 1 }
        #expect(assignment.chosen == [0, 1, 0, 2])
        #expect(assignment.wanted == [2, 1, 1] && assignment.wantedFirst == [2, 0, 0])
        #expect(assignment.dropped == 1)
        #expect(assignment.entries.map(\.place) == [0, 1, 3])
        #expect(
            assignment.gateSums == [
                Double(Float(2) / 3) + Double(Float(4) / 7), Double(Float(1) / 3), Double(Float(3) / 7),
            ]
        )
    }

    /// All rows to one of four experts, and rows that are spread evenly.
    @Test func balanceLossesAreLeastWhenEven() {
        let collapsed = rows(Array(repeating: [1, 0, 0, 0], count: 8))
        let even = rows((0..<8).map { row in (0..<4).map { $0 == row % 4 ? 1 : 0 } })
        func loss(_ kind: BalanceLoss, _ probabilities: FloatRows) -> Double {
            let assignment = ExpertAssignment(probabilities, choices: 1, groups: [0..<8]) { _ in 1 }
            return kind.value(BalanceSums(assignment, probabilities))
        }
        #expect(loss(.switch, collapsed) == 4 && loss(.switch, even) == 1)
        #expect(loss(.squared, collapsed) == 3 && loss(.squared, even) == 0)
    }

    /// Each part is as uneven as can be, the batch is even.
    @Test func whatIsEvenOverABatchNeedNotBeOverAPart() {
        let halves = [[1, 0, 0, 0], [0, 1, 0, 0]].map { (row: [Float]) in
            let probabilities = rows(Array(repeating: row, count: 8))
            let assignment = ExpertAssignment(probabilities, choices: 1, groups: [0..<8]) { _ in 1 }
            return BalanceSums(assignment, probabilities)
        }
        let batch = BalanceSums.sum(halves.map { [$0] })
        #expect(halves.map { BalanceLoss.switch.value($0) } == [4, 4])
        #expect(batch.count == 1 && BalanceLoss.switch.value(batch[0]) == 2)
        #expect(BalanceLoss.squared.value(batch[0]) == 1)
    }

    @Test func runsBegunBeforeThereWasAChoiceHaveTheSwitchLossOfEachPart() throws {
        var settings = Regularization()
        (settings.balanceLoss, settings.balanceOver) = (.squared, .batch)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let written = try encoder.encode(settings)
        #expect(try JSONDecoder().decode(Regularization.self, from: written) == settings)
        let older = String(decoding: written, as: UTF8.self).replacing(#""balanceLoss":"squared","#, with: "")
            .replacing(#""balanceOver":"batch","#, with: "")
        #expect(!older.contains("balanceLoss") && !older.contains("balanceOver"))
        let read = try JSONDecoder().decode(Regularization.self, from: Data(older.utf8))
        #expect(read.balanceLoss == .switch && read.balanceOver == .part)
    }
}
