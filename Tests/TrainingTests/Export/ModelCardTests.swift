import Checkpoints
import SwitchModel
import Testing

@testable import Training

/// The README of a trained model.
@Suite struct ModelCardTests {
    private func text(_ change: (inout ModelSettings) -> Void = { _ in }, arguments: [String]) -> String {
        var data = DataSettings()
        data.parallelFiles = [.init(source: "/somewhere/a.en", target: "a.de")]
        data.pairFiles = ["more.tsv.gz"]
        var report = PreparedData.Report()
        (report.pieces, report.trainingExamples, report.validationExamples) = (6000, 50, 7)
        var settings = ModelSettings()
        change(&settings)
        let shape = settings.shape(vocabularySize: 6000, SpecialIDs(start: 0, end: 1))
        let validation = Validation(
            step: 30,
            loss: 2.5,
            perplexity: 12.18,
            accuracy: 0,
            bleu: 34.567,
            imbalance: 1,
            dropped: 0
        )
        let card = ModelCard("m", version: "1.2", arguments: arguments, data, report)
        return card.text(shape.configuration, parameters: (1234, .bfloat16), validation)
    }

    @Test func aCardSaysWhatTheModelIsAndLearntFrom() {
        let card = text(arguments: ["train", "runs/m"])
        #expect(card.contains("encoder–decoder, 4 + 4 layers, width 256, feed-forward 512, 8 heads of 32, head untied"))
        #expect(card.contains("| experts | 8 in 4 layers, 1 for a token |"))
        #expect(card.contains("| learnt from | 50 examples of a.en, a.de, more.tsv.gz |"))
        #expect(card.contains("| judged by | 7 examples of the same, held out |"))
        #expect(card.contains("sacreBLEU 34.57 on the first of them, greedy, after 30 steps"))
        #expect(!card.contains("/somewhere") && !card.contains("num_experts_per_tok"))
        #expect(
            text({ $0.choices = 2 }, arguments: []).contains(
                "Every token goes to 2 of 8 experts (`num_experts_per_tok`)"
            )
        )
        #expect(text({ $0.sparseStep = 0 }, arguments: []).contains("| experts | none |"))
        #expect(
            text({ $0.architecture = .decoderOnly }, arguments: []).contains(
                "| experts | 8 in 2 layers, 1 for a token |"
            )
        )
    }

    @Test func theCommandIsForAShell() {
        let long = (0..<30).flatMap { ["--flag-\($0)", "value"] }
        let card = text(arguments: ["train", "a b", "--prefix", "don't: ", ""] + long)
        #expect(card.contains(#"switchyard train 'a b' --prefix 'don'\''t: ' '' --flag-0 value"#))
        let command = card.split(separator: "```")[1].split(separator: "\n")
        #expect(command.count > 3 && command.dropLast().allSatisfy { $0.hasSuffix(" \\") && $0.count <= 112 })
        #expect(command.last?.hasSuffix("--flag-29 value") == true)
        #expect(command.dropFirst().allSatisfy { $0.hasPrefix("    --flag-") }, "a value stands with its flag")
    }
}
