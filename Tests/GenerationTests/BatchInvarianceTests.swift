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
        let states = model.read(prompts).prompts.map(\.state)
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

    @Test(arguments: Reference.directories, [WeightPrecision.int4, .int3, .int2])
    func norDoTheyWithExpertsOfFewerBits(directory: URL, experts: WeightPrecision) throws {
        try check(Reference.model(in: directory, .int8) { $0.expertPrecision = experts })
    }

    @Test(arguments: Reference.directories)
    func norDoTheyWithKeysAndValuesOfEightBits(directory: URL) throws {
        try check(Reference.model(in: directory, .int8, cache: .int8))
    }

    private func check(_ model: SwitchTransformer) throws {
        let alone = try logits(beside: [], model)
        #expect(alone.count == 12 * model.vocabularySize)
        for others in [[1], [2, 3], [3, 2, 1]] {
            #expect(try logits(beside: others, model) == alone)
        }
    }

    // MARK: - Decoder prompts

    private static let forced: [[Int32]] = [
        [7, 3, 21, 9, 9, 9, 4], [], (0..<30).map { Int32(2 + $0 * 11 % 30) }, [5],
    ]

    private func prompt(_ index: Int, slots: Int) -> EncodingPrompt {
        var prompt = EncodingPrompt(tokens: Self.prompts[index], slots: slots, capacity: 64)
        prompt.forced = Self.forced[index]
        prompt.scoredPositions = prompt.forced.count + 1
        return prompt
    }

    /// Logits after the tokens that prompt 0 was read with, two a step, and of some steps after them, beside `others`.
    private func forcedLogits(beside others: [Int], layers: Int, _ model: SwitchTransformer) throws -> [Float] {
        // Last, so that it is what would be left of a capacity it shared.
        let prompts = model.read(others.map { prompt($0, slots: 3) } + [prompt(0, slots: 1)], layers: layers).prompts
        let own = try #require(prompts.last)
        let (state, read) = (own.state, own.decoderRows.count)
        let positions = read - Self.forced[0].count - 1..<read
        var found: [Float] = []
        for step in 0..<10 {
            let token = Int32((step * 5) % 30 + 2)
            var rows = positions.dropFirst(2 * step).prefix(2).map { StepRow(.position($0)) }
            if rows.isEmpty { rows = [StepRow(slot: 0, token: token)] }
            let batch = prompts.dropLast().map { other in
                // The first step of some is after what they were read with.
                let slots = (0..<3).map { StepRow(slot: $0, token: token + Int32($0)) }
                let last = [StepRow(.position(other.decoderRows.count - 1))]
                return StepBatch(state: other.state, rows: step == 0 && !other.decoderRows.isEmpty ? last : slots)
            }
            let place = step % (batch.count + 1)
            let all = model.step(batch[..<place] + [StepBatch(state: state, rows: rows)] + batch[place...])
            let first = batch[..<place].reduce(0) { $0 + $1.rows.count }
            for row in rows.indices { found += all.elements(row: first + row) }
        }
        return found
    }

    @Test(arguments: Reference.directories, WeightPrecision.allCases)
    func norDoNeighboursOrSlicesWhereTokensAreForced(directory: URL, precision: WeightPrecision) throws {
        let model = try Reference.model(in: directory, precision)
        let shelved = try Reference.model(in: directory, precision) { $0.expertMemory = ExpertMemory(budget: 1) }
        let alone = try forcedLogits(beside: [], layers: .max, model)
        #expect(alone.count == 14 * model.vocabularySize)
        for (others, layers) in [([], 1), ([1], 2), ([2, 3], 3), ([3, 1, 2], .max), ([3, 1, 2], 1)] {
            #expect(try forcedLogits(beside: others, layers: layers, model) == alone)
            #expect(try forcedLogits(beside: others, layers: layers, shelved) == alone)
        }
    }

    /// What a capacity changes is all that tells the decoder's first pass from as many steps.
    @Test(arguments: Reference.directories, WeightPrecision.allCases)
    func aPassIsItsStepsWhereNoCapacityBinds(directory: URL, precision: WeightPrecision) throws {
        func logits(_ capacity: Int) throws -> (pass: [Float], steps: [Float]) {
            let model = try Reference.model(in: directory, precision) { $0.configuration.expertCapacity = capacity }
            let read = try #require(model.read([prompt(0, slots: 1)]).prompts.first)
            let positions = read.decoderRows.suffix(Self.forced[0].count + 1)
            let pass = model.step([StepBatch(state: read.state, rows: positions.map { StepRow(.position($0)) })])
            let found = positions.indices.flatMap { pass.elements(row: $0 - positions.startIndex) }

            let plain = EncodingPrompt(tokens: Self.prompts[0], slots: 1, capacity: 64)
            let state = try #require(model.read([plain]).prompts.first).state
            let isRead = model.configuration.architecture == .decoderOnly
            var steps: [Float] = []
            if isRead {
                let last = StepRow(.position(Self.prompts[0].count - 1))
                steps = model.step([StepBatch(state: state, rows: [last])]).elements()
            }
            for token in (isRead ? [] : [model.configuration.startToken]) + Self.forced[0] {
                steps += model.step([StepBatch(state: state, rows: [StepRow(slot: 0, token: token)])]).elements()
            }
            return (found, steps)
        }
        let free = try logits(1000)
        #expect(free.pass == free.steps && free.pass.count > 0)
        let bound = try logits(1)
        let configuration = try Reference.model(in: directory, precision).configuration
        let isSparse = (0..<configuration.decoderLayers).contains { configuration.isSparse(block: $0, in: .decoder) }
        #expect((bound.pass == bound.steps) == !isSparse)
    }
}
