/// A text as the parts it is translated in: sentences, and whatever stands between them and stays as it is.
struct TranslatableText: Equatable, Sendable {
    enum Part: Equatable, Sendable {
        case kept(String)
        /// Without blanks around it.
        case sentence(String)
    }

    private(set) var parts: [Part] = []
    /// How a sentence is written into the text again.
    private let writing: Markup?

    /// - Parameter markup: what the text is written in; nil for plain text.
    init(_ text: String, markup: Markup?, splitter: SentenceSplitter) {
        writing = markup
        guard let markup else {
            for part in splitter.parts(of: text) { append(part) }
            return
        }
        for piece in MarkupWalker(markup).pieces(of: text) {
            switch piece {
            case .kept(let text): append(.kept(text))
            case .text(let raw): appendText(raw, markup, splitter)
            }
        }
    }

    var sentences: [String] {
        parts.compactMap { if case .sentence(let text) = $0 { text } else { nil } }
    }

    /// Cuts sentences that are too long; the pieces are sentences of their own with blanks between them.
    mutating func cutSentences(_ cut: (String) -> [Part]) {
        parts = parts.flatMap { part in
            if case .sentence(let text) = part { cut(text) } else { [part] }
        }
    }

    /// The text with each sentence's translation in its place.
    ///
    /// - Parameter translations: one for each of `sentences`; a sentence without one is left as it was.
    func text(_ translations: some Sequence<String>) -> String {
        var rest = translations.makeIterator()
        return parts.map { part in
            switch part {
            case .kept(let text): text
            case .sentence(let text): writing?.encoded(rest.next() ?? text) ?? rest.next() ?? text
            }
        }.joined()
    }

    /// What stands between two tags: kept to the letter where nothing of it is translated.
    private mutating func appendText(_ raw: String, _ markup: Markup, _ splitter: SentenceSplitter) {
        let found = splitter.parts(of: markup.decoded(raw))
        guard found.contains(where: { if case .sentence = $0 { true } else { false } }) else {
            append(.kept(raw))
            return
        }
        for part in found {
            if case .kept(let text) = part { append(.kept(markup.encoded(text))) } else { append(part) }
        }
    }

    private mutating func append(_ part: Part) {
        guard case .kept(let text) = part else {
            parts.append(part)
            return
        }
        guard !text.isEmpty else { return }
        if case .kept(let before)? = parts.last {
            parts[parts.count - 1] = .kept(before + text)
        } else {
            parts.append(part)
        }
    }
}
