import Checkpoints
import Foundation
import Generation
import SwitchModel
import Tensors
import TestSupport
import Testing

/// A model that was packed before gives the same answers, to the bit, mapped or brought in expert by expert.
@Suite struct PackedModelTests {
    /// Packs the model in `directory` into a new one, as `switchyard pack` does.
    private func pack(_ directory: URL, _ precision: ModelPrecision, for inputs: ExpertInputs? = nil) throws -> URL {
        let packed = FileManager.default.temporaryDirectory.appending(path: "packed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: packed, withIntermediateDirectories: true)
        for name in ["config.json", "generation_config.json"] {
            try? FileManager.default.copyItem(at: directory.appending(path: name), to: packed.appending(path: name))
        }
        let tensors = try CheckpointDirectory(directory.path).names.count
        let writer = try PackedFileWriter(directory: packed.path, tensors: tensors)
        _ = try Reference.model(in: directory, precision.layers) {
            ($0.writer, $0.expertPrecision, $0.expertInputs) = (writer, precision.experts, inputs)
        }
        try writer.finish(precision)
        return packed
    }

    @Test(arguments: Reference.directories, WeightPrecision.allCases)
    func packedIsTheSameModel(directory: URL, precision: WeightPrecision) throws {
        let packed = try pack(directory, ModelPrecision(precision))
        defer { try? FileManager.default.removeItem(at: packed) }
        let expected = Reference.scores(try Reference.model(in: directory, precision))
        #expect(!expected.isEmpty)
        #expect(Reference.scores(try Reference.model(in: packed, precision)) == expected)
        let shelved = try Reference.model(in: packed, precision) { $0.expertMemory = ExpertMemory(budget: 1) }
        #expect(Reference.scores(shelved) == expected)
        let checkpoint = try CheckpointDirectory(packed.path)
        #expect(checkpoint.packing == PackedFileWriter.packing(ModelPrecision(precision)))
        #expect(!FileManager.default.fileExists(atPath: packed.path + "/model.packed.partial"))
    }

    @Test func anUnfinishedFileIsNoModel() throws {
        let directory = try #require(Reference.directories.first)
        let packed = FileManager.default.temporaryDirectory.appending(path: "packed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: packed, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: packed) }
        let writer = try PackedFileWriter(directory: packed.path, tensors: 100)
        _ = try Reference.model(in: directory, .int8) { $0.writer = writer }
        #expect(throws: CheckpointError.noWeights(directory: packed.path)) { try CheckpointDirectory(packed.path) }
    }

    @Test func aCutOffFileIsRefused() throws {
        let directory = try #require(Reference.directories.first)
        let packed = try pack(directory, ModelPrecision(.bfloat16))
        defer { try? FileManager.default.removeItem(at: packed) }
        let file = packed.appending(path: "model.packed")
        let bytes = try Data(contentsOf: file)
        for count in [0, 7, 8, 100, 4096, bytes.count / 2, bytes.count - 1] {
            try bytes.prefix(count).write(to: file)
            #expect(throws: CheckpointError.self) { try CheckpointDirectory(packed.path) }
        }
    }

    // MARK: - Experts of fewer bits

    private static let mixed = [WeightPrecision.int4, .int3, .int2].map { ModelPrecision(.int8, experts: $0) }

    private func model(
        in directory: URL,
        _ precision: ModelPrecision,
        _ change: (inout LoadingContext) -> Void = { _ in }
    ) throws -> SwitchTransformer {
        try Reference.model(in: directory, precision.layers) {
            $0.expertPrecision = precision.experts
            change(&$0)
        }
    }

    /// What experts are sent while the model reads two prompts and makes eight steps.
    private func inputs(of directory: URL) throws -> ExpertInputs {
        let model = try Reference.model(in: directory)
        let inputs = ExpertInputs(width: model.configuration.modelWidth, byteLimit: 1 << 20)
        model.record(into: inputs)
        _ = Reference.scores(model)
        return inputs
    }

    @Test(arguments: Reference.directories, mixed)
    func expertsOfFewerBitsArePackedBesideTheRest(directory: URL, precision: ModelPrecision) throws {
        let packed = try pack(directory, precision)
        defer { try? FileManager.default.removeItem(at: packed) }
        let expected = Reference.scores(try model(in: directory, precision))
        #expect(Reference.scores(try model(in: packed, precision)) == expected)
        let shelved = try model(in: packed, precision) { $0.expertMemory = ExpertMemory(budget: 1) }
        #expect(Reference.scores(shelved) == expected)
        let unpacked = try model(in: directory, precision) { $0.expertMemory = ExpertMemory(budget: 1) }
        #expect(Reference.scores(unpacked) == expected)
        let hasExperts = shelved.configuration.expertParameterCount > 0
        #expect((Reference.scores(try Reference.model(in: directory, .int8)) != expected) == hasExperts)
        let packing = try #require(try CheckpointDirectory(packed.path).packing)
        #expect(packing == "int8/1/balanced/experts-\(precision.experts.rawValue)")
    }

    @Test(arguments: Reference.directories, mixed)
    func calibratedExpertsArePackedWhateverTheyWereSent(directory: URL, precision: ModelPrecision) throws {
        let (plain, packed) = (
            try pack(directory, precision), try pack(directory, precision, for: inputs(of: directory))
        )
        let none = ExpertInputs(width: 1, byteLimit: 0)
        let empty = try pack(directory, precision, for: none)
        defer { for made in [plain, packed, empty] { try? FileManager.default.removeItem(at: made) } }
        let files = try [plain, packed, empty].map { try Data(contentsOf: $0.appending(path: "model.packed")) }
        let hasExperts = try Reference.model(in: directory).configuration.expertParameterCount > 0
        #expect(files[0].count == files[1].count && (files[0] != files[1]) == hasExperts)
        #expect(files[0] == files[2])
        let scores = Reference.scores(try model(in: packed, precision))
        #expect(!scores.isEmpty && scores.allSatisfy { $0.isFinite })
        let shelved = try model(in: packed, precision) { $0.expertMemory = ExpertMemory(budget: 1) }
        #expect(Reference.scores(shelved) == scores)
    }

    /// A file with bytes changed, cut off or added is refused, or is a model; nothing else comes of it.
    @Test(arguments: [
        ModelPrecision(.int4), ModelPrecision(.int8, experts: .int3), ModelPrecision(.int8, experts: .int2),
    ])
    func aMutatedFileIsAnErrorOrAModel(precision: ModelPrecision) throws {
        let directory = try #require(Reference.directories.first)
        let packed = try pack(directory, precision)
        defer { try? FileManager.default.removeItem(at: packed) }
        let file = packed.appending(path: "model.packed")
        let original = [UInt8](try Data(contentsOf: file))
        let header = 8 + Int(original.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        let text = original[8..<header].lastIndex(of: UInt8(ascii: "}")) ?? header - 1
        var (random, counts) = (SplitMix(state: 12), (refused: 0, loaded: 0))
        for turn in 0..<500 {
            var bytes = original
            PackedFileMutation.apply(to: &bytes, header: turn % 4 == 0 ? header..<bytes.count : 0..<text + 1, &random)
            try Data(bytes).write(to: file)
            do {
                let model = try model(in: packed, precision) {
                    $0.expertMemory = turn % 8 == 0 ? ExpertMemory(budget: 1) : nil
                }
                counts.loaded += 1
                if counts.loaded % 8 == 0 { #expect(!Reference.scores(model).isEmpty) }
            } catch let error as CheckpointError {
                #expect(!error.description.isEmpty)
                counts.refused += 1
            } catch let error as ConfigurationError {
                #expect(!error.description.isEmpty)
                counts.refused += 1
            }
        }
        #expect(counts.refused > 150 && counts.loaded > 50, "\(counts)")
    }
}

/// What becomes of a file that is damaged.
private enum PackedFileMutation {
    private static let words = [
        "0", "9", "-1", "18446744073709551615", "9223372036854775807", "[", "}", "\"", "null", "F32", "BF16",
    ]

    /// Changes some bytes within a range, cuts off, adds, or moves some.
    static func apply(to bytes: inout [UInt8], header range: Range<Int>, _ random: inout SplitMix) {
        func place() -> Int { range.lowerBound + random.below(range.count) }
        switch random.below(8) {
        case 0:
            bytes.removeLast(1 + random.below(bytes.count))
        case 1:
            bytes += (0...random.below(100)).map { _ in UInt8(random.below(256)) }
        case 2:
            let word = Array((words[random.below(words.count)]).utf8)
            let first = place()
            bytes.replaceSubrange(first..<min(first + word.count, bytes.count), with: word)
        case 3:
            let (first, second) = (place(), place())
            bytes.swapAt(first, second)
        case 4:
            // A digit for another: offsets, shapes and names that are nearly right.
            for _ in 0..<64 {
                let index = place()
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else { continue }
                bytes[index] = UInt8(ascii: "0") + UInt8(random.below(10))
                break
            }
        default:
            for _ in 0...random.below(4) { bytes[place()] = UInt8(random.below(256)) }
        }
    }
}
