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

    private func read(_ prompt: [Int32], _ model: SwitchTransformer) throws -> (state: DecoderState, RoutingLog) {
        let (prompts, routing) = model.read([EncodingPrompt(tokens: prompt, slots: 1, capacity: 64)])
        return (try #require(prompts.first).state, routing)
    }

    /// The tokens told of the first choice, and how all choices ended.
    private func run(
        _ request: GenerationRequest,
        _ model: SwitchTransformer
    ) throws -> (tokens: [GeneratedToken], finished: [FinishedChoice]) {
        let prompt = try #require(model.read([request.encodingPrompt]).prompts.first)
        let start = model.start(after: request.prompt)
        var search = DecodingSearch(request, start: start, read: prompt.decoderRows.count)
        var step = search.begin()
        var events = step.events
        while !step.rows.isEmpty {
            step = try search.advance(model.step([StepBatch(state: prompt.state, rows: step.rows)]))
            if let parents = step.parents { model.reorder(prompt.state, parents: parents) }
            events += step.events
        }
        return (
            events.compactMap { if case .token(let token) = $0, token.choice == 0 { token } else { nil } },
            events.compactMap { if case .finished(let choice) = $0 { choice } else { nil } }
        )
    }

    private func request(_ prompt: [Int32], maximum: Int, _ model: SwitchTransformer) -> GenerationRequest {
        GenerationRequest(
            prompt: prompt,
            stop: StopCondition(maximumTokens: maximum, endTokens: model.configuration.endTokens)
        )
    }

    @Test func thereAreCheckpointsToCompareWith() {
        #expect(Reference.allLayouts.count >= 3)
    }

    @Test(arguments: Reference.allLayouts) func logitsAreTheReferences(directory: URL) throws {
        let model = try load(directory)
        for forced in try Reference(directory: directory).forced {
            let state = try read(forced.prompt, model).state
            for (token, expected) in zip(forced.decoder, forced.logits) {
                let row = model.step([StepBatch(state: state, rows: [StepRow(slot: 0, token: token)])]).elements()
                let scale = expected.reduce(0) { max($0, abs($1)) }
                let worst = zip(row, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
                #expect(row.count == expected.count && worst <= Self.tolerance * scale)
            }
        }
    }

    @Test(arguments: Reference.allLayouts) func encodingInSlicesIsEncoding(directory: URL) throws {
        let model = try load(directory)
        let prompt = EncodingPrompt(tokens: [5, 9, 2, 7, 1], slots: 1, capacity: 4)
        func logits(slices: [Int]) -> [Float] {
            var encoding = model.beginEncoding([prompt])
            for layers in slices {
                guard case .finished(let prompts, _) = model.advance(&encoding, layers: layers) else { continue }
                return model.step([StepBatch(state: prompts[0].state, rows: [StepRow(slot: 0, token: 3)])]).elements()
            }
            return []
        }
        let whole = logits(slices: [.max])
        #expect(whole.count == model.vocabularySize)
        #expect(logits(slices: [1, .max]) == whole)
        #expect(logits(slices: Array(repeating: 1, count: 9)) == whole)
    }

    @Test(arguments: Reference.allLayouts) func aSliceIsOfOneStackAndOfSoManyLayers(directory: URL) throws {
        let model = try load(directory)
        let configuration = model.configuration
        let isDecoder = configuration.architecture == .decoderOnly
        func slices(_ layers: Int, forced: [Int32]) -> Int {
            var prompt = EncodingPrompt(tokens: [5, 9, 2, 7, 1], slots: 1, capacity: 8)
            prompt.forced = forced
            var (encoding, count) = (model.beginEncoding([prompt]), 1)
            while case .layersLeft = model.advance(&encoding, layers: layers) { count += 1 }
            return count
        }
        let decoder = configuration.decoderLayers
        let encoder = isDecoder ? 0 : configuration.encoderLayers
        #expect(slices(1, forced: [4]) == encoder + decoder)
        #expect(slices(.max, forced: [4]) == (isDecoder ? 1 : 2))
        #expect(slices(1, forced: []) == (isDecoder ? decoder : encoder))
        #expect(slices(.max, forced: []) == 1)
    }

    /// Beside what is exact, no further than 1e-4 or twice what the reference's own rounding takes it away.
    private func check(_ plans: [RoutingPlan], _ expected: [Reference.Routing.Layer], rounding: Float = 0) {
        #expect(plans.map(\.block) == expected.map(\.block))
        for (layer, expected) in zip(plans, expected) {
            #expect(layer.experts == expected.experts)
            #expect(layer.isDropped.indices.filter { layer.isDropped[$0] } == expected.dropped)
            #expect(zip(layer.gates, expected.gates).allSatisfy { abs($0 - $1) < max(1e-4, 2 * rounding) })
        }
    }

    @Test(arguments: Reference.allLayouts) func routesAreTheReferences(directory: URL) throws {
        let model = try load(directory)
        for routing in try Reference(directory: directory).routing {
            try check(read(routing.prompt, model).1.plans, routing.layers)
        }
    }

    /// A decoder prompt of any length, read in one pass in which experts have their capacity.
    @Test(arguments: Reference.allLayouts) func decoderPromptsAreReadAsTheReferenceReadsThem(directory: URL) throws {
        let model = try load(directory)
        for expected in try Reference(directory: directory).continued {
            var request = request(expected.prompt, maximum: 24, model)
            request.decoderPrompt = expected.decoderPrompt
            let plans = model.read([request.encodingPrompt]).routing.plans.filter { $0.stack == .decoder }
            let prompt = model.configuration.architecture == .decoderOnly ? request.prompt.count : 1
            #expect(plans.allSatisfy { $0.rows == prompt + request.decoderPrompt.count })
            check(plans, expected.layers, rounding: expected.rounding?.gates ?? 0)
            let tokens = expected.decoderPrompt + expected.tokens
            #expect(try run(request, model).finished.map(\.tokens) == [tokens])
            request.topLogprobs = 0
            let told = try run(request, model).tokens
            #expect(told.map(\.id) == tokens)
            for (token, logprob) in zip(told, expected.logprobs) {
                let near = max(Self.tolerance * max(1, abs(logprob)), 2 * (expected.rounding?.logprobs ?? 0))
                #expect(abs(token.logprob - logprob) <= near)
            }
            for beams in expected.beams { try check(beams, after: expected.decoderPrompt, model) }
        }
    }

    @Test(arguments: Reference.allLayouts) func greedyTokensAreTheReferences(directory: URL) throws {
        let model = try load(directory)
        for greedy in try Reference(directory: directory).greedy {
            let found = try run(request(greedy.prompt, maximum: 48, model), model).finished
            #expect(found.map(\.tokens) == [greedy.tokens])
        }
    }

    @Test(arguments: Reference.allLayouts) func constrainedTokensAreTheReferences(directory: URL) throws {
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
            let found = try run(request, model).finished
            #expect(found.map(\.tokens) == [constrained.tokens], "\(constrained.constraints)")
        }
    }

    @Test(arguments: Reference.allLayouts) func beamsAndScoresAreTheReferences(directory: URL) throws {
        let model = try load(directory)
        for beams in try Reference(directory: directory).beams { try check(beams, after: [], model) }
    }

    private func check(_ beams: Reference.Beams, after decoderPrompt: [Int32], _ model: SwitchTransformer) throws {
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
            request.decoderPrompt = decoderPrompt
            let found = try run(request, model).finished
            #expect(found.map(\.tokens) == beams.sequences.prefix(returned).map { decoderPrompt + $0.tokens })
            for (choice, expected) in zip(found, beams.sequences) {
                let score = try #require(choice.beamScore)
                #expect(abs(score - expected.score) <= Self.tolerance * max(1, abs(expected.score)))
            }
        }
    }
}
