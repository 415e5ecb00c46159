import Foundation
import Testing

@testable import Training

/// Scores and cuts of sacreBLEU: see `Tests/TrainingGolden/bleu_reference.py`.
@Suite struct BleuTests {
    private struct Reference: Decodable {
        struct Line: Decodable {
            var line: String
            var tokens: [String]
        }

        struct Corpus: Decodable {
            var name: String
            var hypotheses: [String]
            var references: [String]
            var score: Double
        }

        var lines: [Line]
        var corpora: [Corpus]
    }

    private func reference() throws -> Reference {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try JSONDecoder().decode(
            Reference.self,
            from: Data(contentsOf: tests.appending(path: "TrainingGolden/bleu.json"))
        )
    }

    @Test func linesAreCutAsSacreBLEUCutsThem() throws {
        for line in try reference().lines {
            #expect(Tokenizer13a.tokens(line.line).map(String.init) == line.tokens)
        }
    }

    @Test func corporaHaveTheScoresOfSacreBLEU() throws {
        for corpus in try reference().corpora {
            let score = Bleu(hypotheses: corpus.hypotheses, references: corpus.references).score
            #expect(abs(score - corpus.score) < 1e-9, "\(corpus.name): \(score), sacreBLEU \(corpus.score)")
        }
    }
}
