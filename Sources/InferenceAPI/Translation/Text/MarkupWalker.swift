/// Goes through a text with markup and tells text from what is to be left alone: tags with their attributes, comments,
/// declarations, references that have no known character, and the content of elements that hold no prose.
///
/// It reads forwards once and repairs nothing, so that the pieces joined are the text.
struct MarkupWalker {
    enum Piece: Equatable {
        case kept(String)
        /// Between two tags, as it is written.
        case text(String)
    }

    private let markup: Markup
    private var bytes: [UInt8] = []
    private var index = 0
    /// The element whose content is left alone, and how many of its name are open inside.
    private var kept: (name: String, depth: Int)?

    init(_ markup: Markup) {
        self.markup = markup
    }

    func pieces(of text: String) -> [Piece] {
        var walker = self
        walker.bytes = Array(text.utf8)
        return walker.walk()
    }

    private mutating func walk() -> [Piece] {
        var pieces: [Piece] = []
        while index < bytes.count {
            let start = index
            if bytes[index] == UInt8(ascii: "<"), let end = endOfMark() {
                index = end
                if let name = rawElement(opened: start..<end) { index = endOfRaw(name) }
                pieces.append(.kept(text(start..<index)))
            } else {
                index = endOfText()
                kept == nil ? appendText(start..<index, to: &pieces) : pieces.append(.kept(text(start..<index)))
            }
        }
        return pieces
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// References without a known character end the text: they could not be written again.
    private func appendText(_ range: Range<Int>, to pieces: inout [Piece]) {
        let whole = text(range)
        var (begun, place) = (whole.startIndex, whole.startIndex)
        while let start = whole[place...].firstIndex(of: "&") {
            place = whole.index(after: start)
            guard let (name, end) = Markup.reference(in: whole[start...]), markup.character(named: name) == nil else {
                continue
            }
            if begun < start { pieces.append(.text(String(whole[begun..<start]))) }
            pieces.append(.kept(String(whole[start..<end])))
            (begun, place) = (end, end)
        }
        if begun < whole.endIndex { pieces.append(.text(String(whole[begun...]))) }
    }

    /// Behind the text that begins here: the next `<` that begins a mark.
    private func endOfText() -> Int {
        var end = index + 1
        while end < bytes.count, !(bytes[end] == UInt8(ascii: "<") && beginsMark(at: end)) { end += 1 }
        return end
    }

    private func beginsMark(at place: Int) -> Bool {
        guard place + 1 < bytes.count else { return false }
        let next = bytes[place + 1]
        return next.isLetter || [UInt8(ascii: "/"), UInt8(ascii: "!"), UInt8(ascii: "?")].contains(next)
            || (markup == .xml && (next == UInt8(ascii: "_") || next >= 0x80))
    }

    /// Behind the tag, comment or declaration that begins here; one that does not end takes the rest.
    private mutating func endOfMark() -> Int? {
        guard beginsMark(at: index) else { return nil }
        for (start, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] where begins(with: start, at: index) {
            return place(behind: end, from: index + start.utf8.count) ?? bytes.count
        }
        let end = endOfTag()
        if let tag = Tag(bytes[index..<end]) { follow(tag) }
        return end
    }

    private func endOfTag() -> Int {
        var quote: UInt8?
        for place in (index + 1)..<bytes.count {
            let byte = bytes[place]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: ">") {
                return place + 1
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'"), isAfterEqualsSign(place) {
                quote = byte
            }
        }
        return bytes.count
    }

    /// A quote begins a value; anywhere else it is a stray one, as in `</p'>`.
    private func isAfterEqualsSign(_ place: Int) -> Bool {
        var before = place - 1
        while before > index, bytes[before].isBlank { before -= 1 }
        return bytes[before] == UInt8(ascii: "=")
    }

    private mutating func follow(_ tag: Tag) {
        if let (name, depth) = kept {
            guard tag.name == name, !tag.isEmpty else { return }
            let inside = depth + (tag.isEnd ? -1 : 1)
            kept = inside == 0 ? nil : (name, inside)
        } else if !tag.isEnd, !tag.isEmpty, !markup.voidElements.contains(tag.name),
            markup.keptElements.contains(tag.name) || tag.forbidsTranslation
        {
            kept = (tag.name, 1)
        }
    }

    private func rawElement(opened range: Range<Int>) -> String? {
        guard let tag = Tag(bytes[range]), !tag.isEnd, markup.rawElements.contains(tag.name) else { return nil }
        return tag.name
    }

    /// Before the end tag of an element whose content is no markup.
    private func endOfRaw(_ name: String) -> Int {
        let end = Array("</\(name)".utf8)
        var place = index
        while place + end.count <= bytes.count {
            if bytes[place] == UInt8(ascii: "<"),
                bytes[place..<(place + end.count)].elementsEqual(end, by: { $0.lowercased == $1 })
            {
                return place
            }
            place += 1
        }
        return bytes.count
    }

    private func begins(with mark: String, at place: Int) -> Bool { bytes[place...].starts(with: mark.utf8) }

    private func place(behind mark: String, from start: Int) -> Int? {
        let mark = Array(mark.utf8)
        var place = start
        while place + mark.count <= bytes.count {
            if bytes[place] == mark[0], bytes[place..<(place + mark.count)].elementsEqual(mark) {
                return place + mark.count
            }
            place += 1
        }
        return nil
    }
}

/// What is known of a tag.
private struct Tag {
    let name: String
    let isEnd: Bool
    /// `<br/>`.
    let isEmpty: Bool
    /// `translate="no"`, as HTML has it.
    let forbidsTranslation: Bool

    private static let prohibitions: Set<Substring> = [#"translate="no""#, "translate='no'", "translate=no"]

    /// - Parameter bytes: from `<` to `>`.
    init?(_ bytes: ArraySlice<UInt8>) {
        let inside = bytes.dropFirst()
        isEnd = inside.first == UInt8(ascii: "/")
        let letters = inside.dropFirst(isEnd ? 1 : 0).prefix {
            !$0.isBlank && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ">")
        }
        guard !letters.isEmpty else { return nil }
        name = String(decoding: letters, as: UTF8.self).lowercased()
        isEmpty = bytes.dropLast().last == UInt8(ascii: "/")
        let attributes = String(decoding: bytes, as: UTF8.self).lowercased().split { " \t\r\n\u{C}>".contains($0) }
        forbidsTranslation = !isEnd && attributes.contains { Self.prohibitions.contains($0) }
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
    fileprivate var lowercased: UInt8 { (0x41...0x5A).contains(self) ? self + 0x20 : self }
    fileprivate var isLetter: Bool { (0x61...0x7A).contains(lowercased) }
}
