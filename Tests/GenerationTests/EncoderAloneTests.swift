import Checkpoints
import Foundation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// Encoders without a decoder, beside what `Tests/Parity/embeddings/sentence_reference.py` found with transformers in double
/// precision and with sentence-transformers.
@Suite struct EncoderAloneTests {
    private struct States: Decodable {
        let prompt: [Int32]
        let states: [[Float]]
    }

    private struct Sentence: Decodable {
        let prompt: [Int32]
        let embedding: [Float]
    }

    private static let names = ["tiny-mt5-encoder", "tiny-sentence-t5", "tiny-switch-encoder"]

    private func golden<Value: Decodable>(_ file: String) throws -> Value {
        let data = try Data(contentsOf: FixtureCopy.fixtures.appending(path: file))
        return try JSONDecoder().decode(Value.self, from: data)
    }

    private func distance(_ one: [Float], _ other: [Float]) -> Float {
        one.count == other.count ? zip(one, other).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
    }

    private func states(_ model: SwitchTransformer, _ prompt: [Int32]) throws -> [Float] {
        try #require(model.read([EncodingPrompt(embedding: prompt, as: .tokens)]).prompts[0].embedding)
    }

    @Test(arguments: names) func statesAreThoseOfTransformers(name: String) throws {
        let model = try Reference.model(in: FixtureCopy.fixtures.appending(path: name))
        let all: [String: [States]] = try golden("states.json")
        let cases = try #require(all[name])
        let found = model.read(cases.map { EncodingPrompt(embedding: $0.prompt, as: .tokens) }).prompts
        for (found, expected) in zip(found, cases) {
            #expect(distance(found.embedding ?? [], expected.states.flatMap(\.self)) < 1e-4)
        }
        #expect(found.count >= 2)
    }

    @Test(arguments: names) func thereIsNoDecoderAndNoRoomForKeysAndValues(name: String) throws {
        let model = try Reference.model(in: FixtureCopy.fixtures.appending(path: name))
        let configuration = model.configuration
        #expect(configuration.architecture == .encoderOnly && configuration.decoderLayers == 0)
        #expect(configuration.notes.isEmpty, "\(configuration.notes)")
        #expect(model.cacheBytesPerPosition == 0)
        try model.checkCacheRoom(states: 1 << 20, prompt: 1 << 20, positions: 1 << 20)
    }

    @Test func everyNumberOfAnEncoderIsCounted() throws {
        for name in Self.names {
            let checkpoint = try CheckpointDirectory(FixtureCopy.fixtures.appending(path: name).path)
            // Beside an embedding of the encoder's own the shared one is of no use.
            let isShared = !checkpoint.names.contains("encoder.embed_tokens.weight")
            let names = checkpoint.names.filter { isShared || $0 != "shared.weight" }
            let numbers = try names.reduce(0) { try $0 + checkpoint.tensor(named: $1).shape.reduce(1, *) }
            let configuration = try SwitchConfiguration(directory: checkpoint.path, tensors: names)
            #expect(configuration.parameterCount == numbers)
            #expect(configuration.weightBytes(ModelPrecision(.float32)) == 4 * numbers)
        }
    }

    @Test(arguments: ["", "0_Transformer"]) func vectorsAreThoseOfSentenceTransformers(folder: String) throws {
        let copy = try FixtureCopy(of: "tiny-sentence-t5")
        if !folder.isEmpty {
            try copy.move(["config.json", "model.safetensors", "tokenizer_config.json"], into: folder)
            try copy.replace("\"path\": \"\"", with: "\"path\": \"\(folder)\"", in: "modules.json")
        }
        let directory = try SentenceLayout.transformerDirectory(of: copy.path)
        #expect(directory == (folder.isEmpty ? copy.path : copy.path + "/" + folder))
        let model = try Reference.model(in: URL(filePath: directory))
        let width = model.configuration.modelWidth
        let modules = try #require(try SentenceModules(directory: copy.path, width: width, on: model.workers))
        #expect(modules.normalizes && modules.longestText == 64)
        model.sentenceProjection = modules.projection
        let cases: [Sentence] = try golden("sentences.json")
        let found = model.read(cases.map { EncodingPrompt(embedding: $0.prompt) }).prompts
        for (found, expected) in zip(found, cases) {
            let elements = try #require(found.embedding)
            let length = elements.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(distance(elements.map { $0 / length }, expected.embedding) < 1e-5)
        }
        #expect(found.count == 6)
    }

    /// The class that wrote the file decides, though the decoder's tensors are there.
    @Test func ofAWholeModelTheEncoderAloneIsRead() throws {
        let copy = try FixtureCopy(of: "tiny-t5-gated")
        let whole = try Reference.model(in: copy.url)
        let prompt: [Int32] = [5, 9, 2, 7, 1]
        let expected = try states(whole, prompt)
        try copy.replace("T5ForConditionalGeneration", with: "T5EncoderModel", in: "config.json")
        let alone = try Reference.model(in: copy.url)
        #expect(alone.configuration.architecture == .encoderOnly)
        #expect(try states(alone, prompt) == expected)
    }

    @Test(arguments: [
        ["shared.weight"], ["encoder.embed_tokens.weight"], ["shared.weight", "encoder.embed_tokens.weight"],
    ])
    func theEmbeddingIsFoundUnderEitherName(names: [String]) throws {
        let url = FixtureCopy.fixtures.appending(path: "tiny-sentence-t5")
        let checkpoint = try CheckpointDirectory(url.path)
        var weights = InMemoryWeights()
        for name in checkpoint.names where name != "shared.weight" {
            weights.tensors[name] = try checkpoint.tensor(named: name)
        }
        let embedding = try checkpoint.tensor(named: "shared.weight")
        for name in names { weights.set(name, embedding.shape, embedding.floats()) }
        let expected = try Reference.model(in: url)
        let context = LoadingContext(
            configuration: try SwitchConfiguration(directory: url.path, tensors: weights.names),
            workers: Workers(threads: 1),
            reach: 64
        )
        let model = try SwitchTransformer(WeightScope(root: weights), context, cache: CacheRoom(.float32, bytes: 1))
        #expect(try states(model, [7, 3, 1]) == states(expected, [7, 3, 1]))
    }

    @Test func whatIsMissingIsNamed() throws {
        let url = FixtureCopy.fixtures.appending(path: "tiny-sentence-t5")
        let checkpoint = try CheckpointDirectory(url.path)
        for missing in ["shared.weight", "encoder.final_layer_norm.weight"] {
            var weights = InMemoryWeights()
            for name in checkpoint.names where name != missing {
                weights.tensors[name] = try checkpoint.tensor(named: name)
            }
            let context = LoadingContext(
                configuration: try SwitchConfiguration(directory: url.path),
                workers: Workers(threads: 1),
                reach: 64
            )
            #expect(throws: CheckpointError.missingTensor(name: missing)) {
                try SwitchTransformer(WeightScope(root: weights), context, cache: CacheRoom(.float32, bytes: 1))
            }
        }
    }
}
