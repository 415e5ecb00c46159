/// A language of marks that a text may be written in.
enum Markup: Equatable, Sendable {
    case html
    case xml

    /// Elements whose content is never text to translate.
    var keptElements: Set<String> { self == .html ? ["pre", "code", "kbd", "samp", "var", "svg", "math"] : [] }

    /// Elements whose content is no markup at all up to their end tag.
    var rawElements: Set<String> { self == .html ? ["script", "style", "textarea", "xmp"] : [] }

    /// Elements that have no end tag.
    var voidElements: Set<String> {
        guard self == .html else { return [] }
        return [
            "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
        ]
    }

    /// The character that `&name;` stands for; nil for a name that is not known, or a number that is no character.
    ///
    /// - Parameter name: without `&` and `;`.
    func character(named name: Substring) -> Character? {
        if name.first == "#" {
            let digits = name.dropFirst()
            let isHexadecimal = digits.first == "x" || digits.first == "X"
            let value = isHexadecimal ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            guard let value, value >= 0x20, !(0x7F..<0xA0).contains(value) else { return nil }
            return Unicode.Scalar(value).map { Character($0) }
        }
        return Self.always[name] ?? (self == .html ? Self.latin[name] : nil)
    }

    /// The text of what stands between two tags, in which every `&` that begins a reference begins a known one.
    func decoded(_ raw: String) -> String {
        var text = ""
        var rest = raw[...]
        while let start = rest.firstIndex(of: "&") {
            text += rest[..<start]
            rest = rest[start...]
            if let (name, end) = Self.reference(in: rest), let character = character(named: name) {
                text.append(character)
                rest = rest[end...]
            } else {
                text.append("&")
                rest = rest.dropFirst()
            }
        }
        return text + rest
    }

    /// Text as it is written between two tags.
    func encoded(_ text: String) -> String {
        var encoded = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": encoded += "&amp;"
            case "<": encoded += "&lt;"
            case ">": encoded += "&gt;"
            case "\u{A0}": encoded += self == .html ? "&nbsp;" : "&#160;"
            default: encoded.unicodeScalars.append(scalar)
            }
        }
        return encoded
    }

    /// The name of the reference that a text begins with, and the index behind it.
    static func reference(in text: Substring) -> (name: Substring, end: Substring.Index)? {
        let name = text.dropFirst().prefix(longestName).prefix {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "#")
        }
        // Not by characters: a semicolon is one with a combining mark behind it.
        let scalars = text.unicodeScalars
        guard !name.isEmpty, name.endIndex < text.endIndex, scalars[name.endIndex] == ";" else { return nil }
        return (name, scalars.index(after: name.endIndex))
    }

    private static let longestName = 32
    private static let always: [Substring: Character] = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]
    private static let latin: [Substring: Character] = {
        let names = """
            nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro \
            para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil \
            Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
            Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml \
            igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute \
            thorn yuml
            """
        var found: [Substring: Character] = [
            "ndash": "–", "mdash": "—", "lsquo": "‘", "rsquo": "’", "sbquo": "‚", "ldquo": "“", "rdquo": "”",
            "bdquo": "„",
            "lsaquo": "‹", "rsaquo": "›", "hellip": "…", "bull": "•", "euro": "€", "trade": "™", "prime": "′",
            "OElig": "Œ",
            "oelig": "œ", "Scaron": "Š", "scaron": "š", "Zcaron": "Ž", "zcaron": "ž",
        ]
        for (number, name) in names.split(separator: " ").enumerated() {
            if let scalar = Unicode.Scalar(UInt32(0xA0 + number)) { found[name] = Character(scalar) }
        }
        return found
    }()
}
