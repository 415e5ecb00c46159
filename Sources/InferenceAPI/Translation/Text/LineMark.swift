/// What a line of a list, a heading or a quotation begins with.
enum LineMark {
    private static let bullets: Set<Character> = ["-", "*", "+", "•", "–", "—", "‣", "◦", "·", "▪", "●", "○"]
    /// Digits of a number that counts.
    private static let longestNumber = 3
    private static let longestHeading = 6

    /// Characters of the marks that a line begins with, the blanks behind them included; 0 for none.
    static func length(of line: ArraySlice<Character>) -> Int {
        var rest = line
        while let mark = mark(of: rest) {
            let blanks = rest.dropFirst(mark).prefix { $0.isWhitespace }.count
            guard blanks > 0 || mark == rest.count else { break }
            rest = rest.dropFirst(mark + blanks)
        }
        return line.count - rest.count
    }

    /// Characters of one mark, without the blanks.
    private static func mark(of line: ArraySlice<Character>) -> Int? {
        guard let first = line.first else { return nil }
        if bullets.contains(first) { return 1 }
        if first == ">" { return line.prefix { $0 == ">" }.count }
        if first == "#" {
            let count = line.prefix { $0 == "#" }.count
            return count <= longestHeading ? count : nil
        }
        if first == "(" {
            let inside = line.dropFirst().prefix { $0.isLetter || $0.isASCIIDigit }
            let closes = line.dropFirst(1 + inside.count).first == ")"
            return closes && isLabel(inside) ? inside.count + 2 : nil
        }
        return numbered(line)
    }

    /// `1.`, `1)`, `a)`, and the `1.2` or `1.2.3.` of a heading, which begins with a capital letter.
    private static func numbered(_ line: ArraySlice<Character>) -> Int? {
        let label = line.prefix { $0.isLetter || $0.isASCIIDigit }
        guard isLabel(label) else { return nil }
        let length = label.count
        let next = line.dropFirst(length).first
        if next == ")" { return length + 1 }
        guard next == ".", label.allSatisfy(\.isASCIIDigit) else { return nil }
        let number = line.prefix { $0.isASCIIDigit || $0 == "." }
        if number.count == length + 1 { return number.count }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false).dropLast(number.last == "." ? 1 : 0)
        let title = line.dropFirst(number.count).first { !$0.isWhitespace }
        guard parts.allSatisfy({ (1...longestNumber).contains($0.count) }), title?.isUppercase == true else {
            return nil
        }
        return number.count
    }

    private static func isLabel(_ text: ArraySlice<Character>) -> Bool {
        if text.allSatisfy(\.isASCIIDigit) { return (1...longestNumber).contains(text.count) }
        return text.count == 1
    }
}

extension Character {
    var isASCIIDigit: Bool { self >= "0" && self <= "9" }
}
