import Checkpoints
import Foundation
import TestSupport
import Testing

@testable import SwitchModel

/// Which tables of tokens a checkpoint has, by what they hold.
@Suite struct VocabularyTablesTests {
    private func configuration(_ fixture: String) throws -> (SwitchConfiguration, CheckpointDirectory) {
        let checkpoint = try CheckpointDirectory(FixtureCopy.fixtures.appending(path: fixture).path)
        return (try SwitchConfiguration(of: checkpoint), checkpoint)
    }

    /// T5 1.1's file calls its head tied, or says nothing.
    @Test func aHeadOfOtherValuesIsTheModelsOwn() throws {
        let (gated, checkpoint) = try configuration("tiny-t5-gated")
        #expect(gated.tieWordEmbeddings && gated.storesOwnHead && gated.hasOwnHead)
        let stacks = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]
        let counted = try checkpoint.names.filter { !stacks.contains($0) }.reduce(0) {
            $0 + (try checkpoint.tensor(named: $1).elementCount)
        }
        #expect(gated.parameterCount == counted)
        #expect(try !configuration("tiny-f32-tied").0.hasOwnHead)
        #expect(try configuration("tiny-bf16-untied").0.hasOwnHead)
        #expect(try !configuration("tiny-mt5-encoder").0.hasOwnHead)
    }

    @Test func oneTableUnderSeveralNamesIsOne() throws {
        var configuration = SwitchConfiguration(startToken: 0)
        (configuration.vocabularySize, configuration.modelWidth) = (3, 2)
        var weights = InMemoryWeights()
        let table: [Float] = [1, 2, 3, 4, 5, 6]
        for name in ["shared", "encoder.embed_tokens", "decoder.embed_tokens", "lm_head"] {
            weights.set(name + ".weight", [3, 2], table)
        }
        func differ() throws -> (stacks: Bool, head: Bool) {
            let scope = WeightScope(root: weights)
            let tables = VocabularyTables(scope, configuration)
            return (try tables.stacksDiffer(scope), try tables.headDiffers(scope))
        }
        #expect(try differ() == (false, false))
        weights.set("lm_head.weight", [3, 2], [1, 2, 3, 4, 5, 7])
        #expect(try differ() == (false, true))
        weights.set("encoder.embed_tokens.weight", [3, 2], [0, 2, 3, 4, 5, 6])
        #expect(try differ() == (true, true))
        weights.set("encoder.embed_tokens.weight", [2, 3], table)
        #expect(throws: CheckpointError.self) { try differ().stacks }
    }
}
