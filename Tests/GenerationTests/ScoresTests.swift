import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// The log-probabilities that `Tests/Parity/generation/scores_reference.py` found with transformers, one forward pass for each
/// continuation.
@Suite struct ScoresTests {
    private struct Golden: Decodable {
        struct Case: Decodable {
            let prompt: [Int32]
            let labels: [Int32]
            let labelLogprobs: [Float]
            let continuations: [[Int32]]
            let logprobs: [[Float]]

            func request(_ only: Int? = nil, perStep: Int = ScoredTokens.mostPerStep) -> GenerationRequest {
                let asked = only.map { [continuations[$0]] } ?? continuations
                let scored = ScoredTokens(labels: labels, continuations: asked, perStep: perStep)
                return GenerationRequest(prompt: prompt, scoring: scored)
            }
        }

        /// How far transformers in float32 is from these, which are in double precision.
        let rounding: Float
        let cases: [Case]
    }

    private static let directories = Reference.directories.filter {
        FileManager.default.fileExists(atPath: $0.appending(path: "scores.json").path)
    }

    private func golden(_ directory: URL) throws -> Golden {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Golden.self, from: Data(contentsOf: directory.appending(path: "scores.json")))
    }

    /// The scores of requests that are read together, and step side by side.
    private func scores(
        _ requests: [GenerationRequest],
        _ model: SwitchTransformer,
        layers: Int = .max
    ) throws -> [PromptScores] {
        let prompts = model.read(requests.map(\.encodingPrompt), layers: layers).prompts
        var searches = zip(requests, prompts).map { request, prompt in
            DecodingSearch(request, start: model.start(after: request.prompt), read: prompt.decoderRows.count)
        }
        var steps = searches.indices.map { searches[$0].begin() }
        var found: [PromptScores?] = requests.map { _ in nil }
        while steps.contains(where: { !$0.rows.isEmpty }) {
            let open = steps.indices.filter { !steps[$0].rows.isEmpty }
            let rows = model.step(open.map { StepBatch(state: prompts[$0].state, rows: steps[$0].rows) })
            var first = 0
            for index in open {
                let count = steps[index].rows.count
                try searches[index].advance(rows, firstRow: first, into: &steps[index])
                first += count
                for case .scores(let scores) in steps[index].events { found[index] = scores }
            }
        }
        return try found.map { try #require($0) }
    }

    @Test func thereAreCheckpointsOfEveryKind() throws {
        let names = Set(Self.directories.map(\.lastPathComponent))
        #expect(names.isSuperset(of: ["tiny-f32-tied", "tiny-language-model", "tiny-t5-gated", "tiny-xxl"]))
    }

    @Test(arguments: directories) func theyAreThoseOfAForwardPassForEach(directory: URL) throws {
        let (model, golden) = (try Reference.model(in: directory), try golden(directory))
        let found = try scores(golden.cases.map { $0.request() }, model)
        #expect(found.count >= 3)
        for (found, expected) in zip(found, golden.cases) {
            let (flat, wanted) = (
                found.labels + found.continuations.flatMap { $0 },
                expected.labelLogprobs + expected.logprobs.flatMap { $0 }
            )
            #expect(found.continuations.map(\.count) == expected.continuations.map(\.count))
            let worst = zip(flat, wanted).reduce(0) { max($0, abs($1.0 - $1.1)) }
            // Other orders of the same sums are other draws: with every layer's output rounded once at random, six draws
            // on tiny-xxl lie 2e-5 to 1.6e-4 from double precision.
            #expect(
                worst <= max(1e-4, 4 * golden.rounding),
                "\(worst) from double precision, transformers in float32 \(golden.rounding)"
            )
        }
    }

    @Test(arguments: directories, WeightPrecision.allCases)
    func neighboursSlicesAndStepsChangeNoBit(directory: URL, precision: WeightPrecision) throws {
        let (model, cases) = (try Reference.model(in: directory, precision), try golden(directory).cases)
        let together = try scores(cases.map { $0.request() }, model)
        for (index, entry) in cases.enumerated() {
            #expect(try scores([entry.request()], model, layers: 1) == [together[index]])
            #expect(try scores([entry.request(perStep: 3)], model) == [together[index]])
        }
        for (number, tokens) in cases[0].continuations.enumerated() {
            let alone = try scores([cases[0].request(number)], model)[0]
            #expect(alone.labels == together[0].labels, "\(tokens)")
            #expect(alone.continuations == [together[0].continuations[number]], "\(tokens)")
        }
    }

    @Test(arguments: directories) func norDoGenerationsBesideThem(directory: URL) throws {
        let (model, entry) = (try Reference.model(in: directory), try golden(directory).cases[0])
        let alone = try scores([entry.request()], model)[0]
        var forced = EncodingPrompt(tokens: [5, 9, 2, 7, 1], slots: 2, capacity: 8)
        forced.forced = [3, 4]
        let plain = EncodingPrompt(tokens: [8, 3, 1], slots: 1, capacity: 4)
        let request = entry.request()
        let read = model.read([forced, request.encodingPrompt, plain], layers: 2).prompts
        let start = model.start(after: request.prompt)
        var search = DecodingSearch(request, start: start, read: read[1].decoderRows.count)
        var step = search.begin()
        var found: PromptScores?
        while !step.rows.isEmpty {
            let others = [StepBatch(state: read[0].state, rows: [StepRow(.position(read[0].decoderRows.count - 1))])]
            let rows = model.step(others + [StepBatch(state: read[1].state, rows: step.rows)])
            try search.advance(rows, firstRow: 1, into: &step)
            for case .scores(let scores) in step.events { found = scores }
        }
        #expect(found == alone)
    }
}
