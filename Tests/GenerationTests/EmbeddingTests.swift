import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// The embeddings that `Tests/Parity/embeddings/embedding_reference.py` found with transformers in double precision.
@Suite struct EmbeddingTests {
    private struct Case: Decodable {
        let prompt: [Int32]
        let embedding: [Float]
    }

    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Parity/Fixtures")

    private static let names = ["tiny-bf16-untied", "tiny-f16-bias", "tiny-f32-tied", "tiny-t5-gated", "tiny-xxl"]

    private func cases(_ name: String) throws -> [Case] {
        let data = try Data(contentsOf: Self.fixtures.appending(path: "embeddings.json"))
        return try #require(try JSONDecoder().decode([String: [Case]].self, from: data)[name])
    }

    private func distance(_ one: [Float], _ other: [Float]) -> Float {
        one.count == other.count ? zip(one, other).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
    }

    @Test(arguments: names) func theMeanOfTheLastStatesIsThatOfTransformers(name: String) throws {
        let model = try Reference.model(in: Self.fixtures.appending(path: name))
        let cases = try cases(name)
        let found = model.read(cases.map { EncodingPrompt(embedding: $0.prompt) }).prompts
        for (found, expected) in zip(found, cases) {
            #expect(distance(found.embedding ?? [], expected.embedding) < 1e-5)
        }
        #expect(found.count == 2)
    }

    @Test(arguments: names) func aPromptThatIsDecodedBesideItIsReadAsAlone(name: String) throws {
        let model = try Reference.model(in: Self.fixtures.appending(path: name))
        let cases = try cases(name)
        let plain = EncodingPrompt(tokens: [5, 9, 2, 7, 1], slots: 1, capacity: 4)
        func scores(_ prompt: EncodedPrompt<DecoderState>) -> [Float] {
            model.step([StepBatch(state: prompt.state, rows: [StepRow(slot: 0, token: 3)])]).elements()
        }
        let alone = scores(model.read([plain]).prompts[0])
        let mixed = model.read(
            [EncodingPrompt(embedding: cases[0].prompt), plain, EncodingPrompt(embedding: cases[1].prompt)]
        ).prompts
        #expect(distance(scores(mixed[1]), alone) < 1e-5)
        #expect(mixed[1].embedding == nil)
        #expect(distance(mixed[2].embedding ?? [], cases[1].embedding) < 1e-5)
    }

    @Test(arguments: names) func theMeanOfTheStatesOfTokensIsTheEmbedding(name: String) throws {
        let model = try Reference.model(in: Self.fixtures.appending(path: name))
        let expected = try cases(name)[0]
        let plain = EncodingPrompt(tokens: [5, 9, 2, 7, 1], slots: 1, capacity: 4)
        let found = model.read([plain, EncodingPrompt(embedding: expected.prompt, as: .tokens)]).prompts[1]
        let (states, width) = (try #require(found.embedding), model.configuration.modelWidth)
        #expect(states.count == expected.prompt.count * width)
        let mean = (0..<width).map { column in
            stride(from: column, to: states.count, by: width).reduce(0) { $0 + states[$1] }
                / Float(expected.prompt.count)
        }
        #expect(distance(mean, expected.embedding) < 1e-5)
    }

    @Test func aProjectionMultipliesTheMean() throws {
        let model = try Reference.model(in: Self.fixtures.appending(path: "tiny-f32-tied"))
        let width = model.configuration.modelWidth
        let expected = try cases("tiny-f32-tied")[0]
        // Two outputs: twice the last element, and the first less the second.
        var weights = [Float](repeating: 0, count: 2 * width)
        (weights[width - 1], weights[width], weights[width + 1]) = (2, 1, -1)
        let source = PackedMatrix.Source(outputs: 2) { [weights] rows, target in
            let part = weights[rows.lowerBound * width..<rows.upperBound * width]
            for (index, weight) in part.enumerated() { target[index] = weight }
        }
        model.sentenceProjection = PackedMatrix([source], inputs: width, precision: .float32, on: model.workers)
        let found = try #require(model.read([EncodingPrompt(embedding: expected.prompt)]).prompts[0].embedding)
        let mean = expected.embedding
        #expect(distance(found, [2 * mean[width - 1], mean[0] - mean[1]]) < 1e-5)
    }
}
