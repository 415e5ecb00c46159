import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// A request's logits are the same bits alone and beside others, at every precision.
@Suite struct BatchInvarianceTests {
    private static let prompts: [[Int32]] = [
        [5, 9, 11, 7, 20, 3, 8, 14, 1], [4, 1], (0..<40).map { Int32(3 + $0 * 7 % 30) }, [30, 2, 2, 17, 6, 1],
    ]

    /// Logits of some steps of prompt 0, encoded and stepped beside the prompts `others`, which leave one by one.
    private func logits(beside others: [Int], _ model: SwitchTransformer) throws -> [Float] {
        let prompts = ([0] + others).map {
            EncodingPrompt(tokens: Self.prompts[$0], slots: $0 == 0 ? 1 : 3, capacity: 16)
        }
        var encoding = model.beginEncoding(prompts)
        guard case .finished(let states, _) = model.advance(&encoding, layers: .max) else { return [] }
        var found: [Float] = []
        for step in 0..<12 {
            let token = Int32((step * 5) % 30 + 2)
            let staying = states.dropFirst().dropLast(max(0, step - 8))
            let batch = staying.map { state in
                StepBatch(state: state, rows: (0..<3).map { StepRow(slot: $0, token: token + Int32($0)) })
            }
            // First, in the middle or last of the batch, it makes no difference.
            let place = step % (batch.count + 1)
            let own = StepBatch(state: states[0], rows: [StepRow(slot: 0, token: token)])
            let all = model.step(Array(batch[..<place]) + [own] + batch[place...])
            found += all.elements(row: place * 3)
        }
        return found
    }

    @Test(arguments: Reference.directories, WeightPrecision.allCases)
    func neighboursChangeNoBit(directory: URL, precision: WeightPrecision) throws {
        try check(Reference.model(in: directory, precision))
    }

    @Test(arguments: WeightPrecision.allCases)
    func norDoTheyWhereTokensGoToTwoExperts(precision: WeightPrecision) throws {
        let directory = try #require(Reference.directories.first)
        try check(Reference.model(in: directory, precision) { $0.configuration.choices = 2 })
    }

    private func check(_ model: SwitchTransformer) throws {
        let alone = try logits(beside: [], model)
        #expect(alone.count == 12 * model.vocabularySize)
        for others in [[1], [2, 3], [3, 2, 1]] {
            #expect(try logits(beside: others, model) == alone)
        }
    }
}
