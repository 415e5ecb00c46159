import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// What `Tests/Parity/generation/cross_attention.py` found with transformers, `output_attentions` of eager attention.
@Suite struct CrossAttentionTests {
    private struct Golden: Decodable {
        struct Case: Decodable {
            let prompt: [Int32]
            let decoderPrompt: [Int32]
            let block: Int
            let tokens: [Int32]
            let weights: [[Float]]

            var request: GenerationRequest {
                let generated = tokens.count - decoderPrompt.count
                var request = GenerationRequest(
                    prompt: prompt,
                    stop: StopCondition(maximumTokens: generated, endTokens: [])
                )
                request.decoderPrompt = decoderPrompt
                request.crossAttentionBlock = block
                return request
            }
        }

        let cases: [Case]
    }

    private static let directories = Reference.directories.filter {
        FileManager.default.fileExists(atPath: $0.appending(path: "cross_attention.json").path)
    }

    private func golden(_ directory: URL) throws -> Golden {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            Golden.self,
            from: Data(contentsOf: directory.appending(path: "cross_attention.json"))
        )
    }

    /// The tokens of one choice each and what was attended to for them, of requests that step side by side.
    private func run(
        _ requests: [GenerationRequest],
        _ model: SwitchTransformer
    ) throws -> [(tokens: [Int32], weights: [[Float]])] {
        let prompts = model.read(requests.map(\.encodingPrompt)).prompts
        var searches = zip(requests, prompts).map { request, prompt in
            DecodingSearch(request, start: model.start(after: request.prompt), read: prompt.decoderRows.count)
        }
        var steps = searches.indices.map { searches[$0].begin() }
        var told = requests.map { _ in (tokens: [Int32](), weights: [[Float]]()) }
        while true {
            for index in steps.indices {
                for case .token(let token) in steps[index].events {
                    told[index].weights.append(
                        model.takeCrossAttention(prompts[index].state, position: told[index].tokens.count)
                    )
                    told[index].tokens.append(token.id)
                }
                steps[index].events = []
            }
            let open = steps.indices.filter { !steps[$0].rows.isEmpty }
            guard !open.isEmpty else { return told }
            let scores = model.step(open.map { StepBatch(state: prompts[$0].state, rows: steps[$0].rows) })
            for (row, index) in open.enumerated() {
                try searches[index].advance(scores, firstRow: row, into: &steps[index])
            }
        }
    }

    @Test func thereAreCheckpointsToCompareWith() { #expect(Self.directories.count >= 5) }

    @Test(arguments: directories) func weightsAreTheReferences(directory: URL) throws {
        let model = try Reference.model(in: directory)
        let cases = try golden(directory).cases
        for (found, expected) in zip(try run(cases.map(\.request), model), cases) {
            #expect(found.tokens == expected.tokens)
            #expect(found.weights.map(\.count) == expected.tokens.map { _ in expected.prompt.count })
            for (row, expectedRow) in zip(found.weights, expected.weights) {
                #expect(zip(row, expectedRow).allSatisfy { abs($0 - $1) < 1e-4 })
                #expect(abs(row.reduce(0, +) - 1) < 1e-5)
            }
        }
    }

    @Test func askingChangesNoScoreAndIsToldOnce() throws {
        let directory = try #require(Self.directories.first)
        let model = try Reference.model(in: directory)
        func scores(block: Int?) -> (state: DecoderState, scores: [[Float]]) {
            var prompt = EncodingPrompt(tokens: [5, 9, 11, 7, 1], slots: 1, capacity: 8)
            prompt.crossAttentionBlock = block
            let state = model.read([prompt]).prompts[0].state
            return (
                state,
                (0..<4).map {
                    model.step([StepBatch(state: state, rows: [StepRow(slot: 0, token: $0 + 3)])]).elements()
                }
            )
        }
        let (silent, asked) = (scores(block: nil), scores(block: 0))
        #expect(silent.scores == asked.scores)
        #expect(model.takeCrossAttention(silent.state, position: 0).isEmpty)
        #expect(model.takeCrossAttention(asked.state, position: 3).count == 5)
        #expect(model.takeCrossAttention(asked.state, position: 3).isEmpty)
        #expect(model.takeCrossAttention(asked.state, position: 4).isEmpty)
    }
}
