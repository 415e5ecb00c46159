import Foundation

/// Lines of a file that are not UTF-8: their bytes were read as replacement characters.
package struct EncodingFault: Equatable, Sendable, CustomStringConvertible {
    package var file: String
    /// How many there are, at least 1.
    package var lines: Int
    /// The first of them, counted from 1.
    package var first: Int

    package var description: String {
        "\(file): \(lines) \(lines == 1 ? "line is" : "lines are") not UTF-8, the first is line \(first)"
    }

    /// nil where there is no such line.
    package init?(file: String, lines: Int, first: Int) {
        guard lines > 0 else { return nil }
        (self.file, self.lines, self.first) = (file, lines, first)
    }

    /// nil for a text that is UTF-8 throughout.
    init?(_ bytes: some Collection<UInt8>, file: String) {
        var (lines, first, number) = (0, 0, 0)
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard String(validating: line, as: UTF8.self) == nil else { continue }
            lines += 1
            if first == 0 { first = number }
        }
        self.init(file: file, lines: lines, first: first)
    }

    /// Whether a text begins with the mark of one that is written in sixteen or thirty-two bits a character.
    package static func isWide(_ start: some Collection<UInt8>) -> Bool {
        [[0xFF, 0xFE], [0xFE, 0xFF]].contains(Array(start.prefix(2)))
    }
}
