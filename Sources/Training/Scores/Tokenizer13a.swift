/// The tokenizer of mteval-v13a as sacreBLEU has it, which BLEU scores are compared by.
enum Tokenizer13a {
    static func tokens(_ line: String) -> [Substring] {
        var scalars = Array(line.unicodeScalars)
        for (entity, character) in [
            ("<skipped>", ""), ("-\n", ""), ("\n", " "), ("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"),
        ] {
            scalars = scalars.replacing(Array(entity.unicodeScalars), with: Array(character.unicodeScalars))
        }
        scalars = [" "] + scalars + [" "]
        scalars = scalars.flatMap { isSymbol($0) ? [" ", $0, " "] : [$0] }
        scalars = pairs(scalars, { !isDigit($0) && isStop($1) }) { [$0, " ", $1, " "] }
        scalars = pairs(scalars, { isStop($0) && !isDigit($1) }) { [" ", $0, " ", $1] }
        scalars = pairs(scalars, { isDigit($0) && $1 == "-" }) { [$0, " ", $1, " "] }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars)
        return result.split(whereSeparator: isSpace).map { Substring($0) }
    }

    /// Replaces neighbours that match, from the left, none of them twice: what a regular expression does.
    private static func pairs(
        _ scalars: [Unicode.Scalar],
        _ matches: (Unicode.Scalar, Unicode.Scalar) -> Bool,
        _ replacement: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]
    ) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var index = 0
        while index < scalars.count {
            if index + 1 < scalars.count, matches(scalars[index], scalars[index + 1]) {
                result += replacement(scalars[index], scalars[index + 1])
                index += 2
            } else {
                result.append(scalars[index])
                index += 1
            }
        }
        return result
    }

    /// Punctuation of ASCII but for quotes, stops, commas and dashes.
    private static func isSymbol(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "{"..."~", "["..."`", " "..."&", "("..."+", ":"..."@", "/": true
        default: false
        }
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isStop(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "," }

    /// White space as Python knows it.
    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }
}
