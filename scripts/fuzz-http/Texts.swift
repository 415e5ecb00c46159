import Generation
import Tokenization

/// Cuts the bytes, as text of every form, into sentences: with each sentence as its own translation the text is what it was.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var bytes = ArraySlice(UnsafeBufferPointer(start: start, count: count))
    let choice = Int(bytes.popFirst() ?? 0)
    let text = String(decoding: bytes, as: UTF8.self)
    let language = ["en", "de", "ja", "zz"][choice % 4]
    for boundaries in [SentenceSplitter.Boundaries.none, .lines, .punctuation] {
        let splitter = SentenceSplitter(language: language, boundaries: boundaries)
        checkPlain(text, splitter, maximumTokens: 1 + choice / 4)
        for markup in [Markup.html, .xml] { checkMarked(text, markup, splitter) }
    }
    return 0
}

private func checkPlain(_ text: String, _ splitter: SentenceSplitter, maximumTokens: Int) {
    var found = TranslatableText(text, markup: nil, splitter: splitter)
    check(found)
    checkSame(found.text(found.sentences), text, splitter)
    let tokenizer = ToyTokenizer()
    let cutter = SentenceCutter(maximumTokens: maximumTokens) { tokenizer.encode($0).count }
    found.cutSentences { cutter.parts(of: $0) }
    check(found)
    checkSame(found.text(found.sentences), text, splitter)
}

/// A line break inside a sentence becomes a blank where lines do not end one.
private func checkSame(_ found: String, _ text: String, _ splitter: SentenceSplitter) {
    guard splitter.boundaries != .lines else { return precondition(found.utf8.elementsEqual(text.utf8)) }
    func words(_ text: String) -> String.UnicodeScalarView {
        text.unicodeScalars.filter { !$0.properties.isWhitespace }
    }
    precondition(words(found).elementsEqual(words(text)))
}

private func checkMarked(_ text: String, _ markup: Markup, _ splitter: SentenceSplitter) {
    let pieces = MarkupWalker(markup).pieces(of: text).map { piece in
        switch piece {
        case .kept(let text), .text(let text): text
        }
    }
    precondition(pieces.joined().utf8.elementsEqual(text.utf8))
    let found = TranslatableText(text, markup: markup, splitter: splitter)
    check(found)
    // Written in one way: to read what was written changes nothing any more.
    let once = found.text(found.sentences)
    let again = TranslatableText(once, markup: markup, splitter: splitter)
    precondition(again.text(again.sentences).utf8.elementsEqual(once.utf8))
}

/// No sentence is empty, or has blanks around it.
private func check(_ text: TranslatableText) {
    for sentence in text.sentences {
        precondition(sentence.first?.isWhitespace == false && sentence.last?.isWhitespace == false)
    }
}
