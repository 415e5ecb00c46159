import Foundation
import Testing

@testable import Tokenization

/// Lines and how a reference cut and joined them, as `Tests/Parity/tokenizer_lines.py` writes them.
struct ReferenceLines {
    struct Line: Decodable {
        let text: String
        let ids: [Int32]
        /// The text of the ids, nil when the reference was not asked.
        let shown: String?
        /// The same without special tokens.
        let skipped: String?
    }

    let vocabularySize: Int
    let lines: [Line]

    init(_ file: URL) throws {
        struct Head: Decodable { let vocabulary: Int }
        let rows = try Data(contentsOf: file).split(separator: UInt8(ascii: "\n"))
        vocabularySize = try JSONDecoder().decode(Head.self, from: #require(rows.first)).vocabulary
        lines = try rows.dropFirst().map { try JSONDecoder().decode(Line.self, from: $0) }
    }

    /// Expects `tokenizer` to do the same, and reports the first few lines it does otherwise.
    ///
    /// - Parameter acceptingTies: lets the same pieces come in another order, whose scores add up to the same.
    func compare(_ tokenizer: any Tokenizer, acceptingTies: Bool = false) {
        var differences: [String] = []
        for line in lines {
            let ids = tokenizer.encode(line.text)
            let shown = line.shown.map { _ in tokenizer.decode(line.ids, skippingSpecialTokens: false) }
            let skipped = line.skipped.map { _ in tokenizer.decode(line.ids, skippingSpecialTokens: true) }
            // Swift holds texts of the same meaning equal; these must be of the same bytes.
            let isSame =
                shown.map { Array($0.utf8) } == line.shown.map { Array($0.utf8) }
                && skipped.map { Array($0.utf8) } == line.skipped.map { Array($0.utf8) }
            let isTie = acceptingTies && ids.sorted() == line.ids.sorted()
            guard ids != line.ids && !isTie || !isSame else { continue }
            let escaped = line.text.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
            differences.append("\(escaped): \(ids) \(shown ?? "") for \(line.ids) \(line.shown ?? "")")
        }
        let shown = differences.prefix(5).joined(separator: "\n")
        #expect(differences.isEmpty, "\(differences.count) of \(lines.count) lines differ:\n\(shown)")
    }
}
