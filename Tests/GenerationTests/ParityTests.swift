import Checkpoints
import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// The same numbers and tokens as transformers, on checkpoints that differ in everything a server could get wrong.
@Suite struct ParityTests {
    /// Relative to the largest logit of the row, and to the score.
    private static let tolerance: Float = 1e-4

    private func load(_ directory: URL) throws -> SwitchTransformer {
        try Reference.model(in: directory)
    }

    private func encode(
        _ prompt: [Int32],
        slots: Int,
        _ model: SwitchTransformer
    ) throws -> (state: DecoderState, routing: RoutingLog) {
        var encoding = model.beginEncoding([EncodingPrompt(tokens: prompt, slots: slots, capacity: 64)])
        guard case .finished(let states, let routing) = model.advance(&encoding, layers: .max), let state = states.first
        else {
            throw CheckpointError.missingTensor(name: "encoder")
        }
        return (state, routing)
    }

    private func run(_ request: GenerationRequest, _ model: SwitchTransformer) throws -> [FinishedChoice] {
        let state = try encode(request.prompt, slots: request.rows, model).state
        var search = DecodingSearch(request, start: model.start(after: []))
        var step = search.begin()
        var finished: [FinishedChoice] = []
        while !step.rows.isEmpty {
            step = try search.advance(model.step([StepBatch(state: state, rows: step.rows)]))
            if let parents = step.parents { model.reorder(state, parents: parents) }
            for case .finished(let choice) in step.events { finished.append(choice) }
        }
        return finished
    }

    private func request(_ prompt: [Int32], maximum: Int, _ model: SwitchTransformer) -> GenerationRequest {
        GenerationRequest(
            prompt: prompt,
            stop: StopCondition(maximumTokens: maximum, endTokens: model.configuration.endTokens)
        )
    }

    @Test func thereAreCheckpointsToCompareWith() {
        #expect(Reference.directories.count >= 3)
    }

    @Test(arguments: Reference.directories) func logitsAreTheReferences(directory: URL) throws {
        let model = try load(directory)
        for forced in try Reference(directory: directory).forced {
            let state = try encode(forced.prompt, slots: 1, model).state
            for (token, expected) in zip(forced.decoder, forced.logits) {
                let row = model.step([StepBatch(state: state, rows: [StepRow(slot: 0, token: token)])]).elements()
                let scale = expected.reduce(0) { max($0, abs($1)) }
                let worst = zip(row, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
                #expect(row.count == expected.count && worst <= Self.tolerance * scale)
            }
        }
    }

    @Test(arguments: Reference.directories) func encodingInSlicesIsEncoding(directory: URL) throws {
        let model = try load(directory)
        let prompt = EncodingPrompt(tokens: [5, 9, 2, 7, 1], slots: 1, capacity: 4)
        func logits(slices: [Int]) -> [Float] {
            var encoding = model.beginEncoding([prompt])
            for layers in slices {
                guard case .finished(let states, _) = model.advance(&encoding, layers: layers) else { continue }
                return model.step([StepBatch(state: states[0], rows: [StepRow(slot: 0, token: 3)])]).elements()
            }
            return []
        }
        let whole = logits(slices: [.max])
        #expect(whole.count == model.vocabularySize)
        #expect(logits(slices: [1, .max]) == whole)
        #expect(logits(slices: Array(repeating: 1, count: 9)) == whole)
    }

    @Test(arguments: Reference.directories) func routesAreTheReferences(directory: URL) throws {
        let model = try load(directory)
        for routing in try Reference(directory: directory).routing {
            let layers = try encode(routing.prompt, slots: 1, model).routing.plans
            #expect(layers.map(\.block) == routing.layers.map(\.block))
            for (layer, expected) in zip(layers, routing.layers) {
                #expect(layer.experts == expected.experts)
                #expect(layer.isDropped.indices.filter { layer.isDropped[$0] } == expected.dropped)
                #expect(zip(layer.gates, expected.gates).allSatisfy { abs($0 - $1) < 1e-4 })
            }
        }
    }

    @Test(arguments: Reference.directories) func greedyTokensAreTheReferences(directory: URL) throws {
        let model = try load(directory)
        for greedy in try Reference(directory: directory).greedy {
            #expect(try run(request(greedy.prompt, maximum: 48, model), model).map(\.tokens) == [greedy.tokens])
        }
    }

    @Test(arguments: Reference.directories) func constrainedTokensAreTheReferences(directory: URL) throws {
        let model = try load(directory)
        for constrained in try Reference(directory: directory).constrained {
            var request = request(constrained.prompt, maximum: constrained.maxNewTokens, model)
            var parameters = BeamParameters()
            parameters.beams = constrained.beams
            if constrained.beams > 1 { request.strategy = .beam(parameters) }
            request.constraints.repetitionPenalty = constrained.constraints.repetitionPenalty ?? 1
            request.constraints.noRepeatNgramSize = constrained.constraints.noRepeatNgramSize ?? 0
            request.constraints.minimumTokens = constrained.constraints.minNewTokens ?? 0
            for (token, bias) in constrained.constraints.bias ?? [:] {
                request.constraints.bias[try #require(Int32(token))] = bias
            }
            #expect(try run(request, model).map(\.tokens) == [constrained.tokens], "\(constrained.constraints)")
        }
    }

    @Test(arguments: Reference.directories) func beamsAndScoresAreTheReferences(directory: URL) throws {
        let model = try load(directory)
        for beams in try Reference(directory: directory).beams {
            for returned in Set([1, beams.beams]) {
                var parameters = BeamParameters()
                parameters.beams = beams.beams
                parameters.returned = returned
                parameters.lengthPenalty = beams.lengthPenalty
                parameters.earlyStopping =
                    switch beams.earlyStopping {
                    case .flag(true): .whenFull
                    case .flag(false): .heuristic
                    case .never: .never
                    }
                var request = request(beams.prompt, maximum: beams.maxNewTokens, model)
                request.strategy = .beam(parameters)
                let found = try run(request, model)
                #expect(found.map(\.tokens) == beams.sequences.prefix(returned).map(\.tokens))
                for (choice, expected) in zip(found, beams.sequences) {
                    let score = try #require(choice.beamScore)
                    #expect(abs(score - expected.score) <= Self.tolerance * max(1, abs(expected.score)))
                }
            }
        }
    }
}
