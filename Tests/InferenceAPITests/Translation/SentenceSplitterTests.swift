import Testing

@testable import InferenceAPI

/// Sentences are shown between `[` and `]`, and what is kept is as it is.
@Suite struct SentenceSplitterTests {
    private func shown(
        _ text: String,
        language: String = "en",
        boundaries: SentenceSplitter.Boundaries = .lines
    ) -> String {
        SentenceSplitter(language: language, boundaries: boundaries).parts(of: text).map { part in
            switch part {
            case .kept(let text): text
            case .sentence(let text): "[\(text)]"
            }
        }.joined()
    }

    @Test(arguments: [
        ("One. Two! Three? Four… Five", "[One.] [Two!] [Three?] [Four…] [Five]"),
        ("Wait... what? Yes.", "[Wait... what?] [Yes.]"),
        ("It is 3.14. It costs $1,000.50 now.", "[It is 3.14.] [It costs $1,000.50 now.]"),
        ("Go!\u{201D} Then stop.", "[Go!\u{201D}] [Then stop.]"),
        ("He left (at last.) She stayed.", "[He left (at last.)] [She stayed.]"),
        (
            "\u{201C}Stop!\u{201D} he said. \u{201C}Now.\u{201D}",
            "[\u{201C}Stop!\u{201D} he said.] [\u{201C}Now.\u{201D}]"
        ),
        ("See example.com for it. Then go.", "[See example.com for it.] [Then go.]"),
        ("Really?! Yes!!! No.", "[Really?!] [Yes!!!] [No.]"),
        ("2. It works. 1990 was cold.", "2. [It works.] [1990 was cold.]"),
    ])
    func marksEndSentences(text: String, expected: String) {
        #expect(shown(text) == expected)
    }

    @Test(arguments: [
        ("en", "Mr. Smith met Dr. J. R. Jones. They talked.", "[Mr. Smith met Dr. J. R. Jones.] [They talked.]"),
        (
            "en", "The U.S. Army came. I saw it. So do I. Then it left.",
            "[The U.S. Army came.] [I saw it.] [So do I.] [Then it left.]"
        ),
        (
            "en", "See No. 5 on p. 12, fig. 3. He said no. Then he left.",
            "[See No. 5 on p. 12, fig. 3.] [He said no.] [Then he left.]"
        ),
        ("en", "Fruit, e.g. Apples, etc. are cheap. Buy.", "[Fruit, e.g. Apples, etc. are cheap.] [Buy.]"),
        (
            "de", "Am 3. Mai kam Dr. Meier bzw. Frau Abt. Es war z. B. Regen.",
            "[Am 3. Mai kam Dr. Meier bzw. Frau Abt.] [Es war z. B. Regen.]"
        ),
        ("en", "We had 3. May came.", "[We had 3.] [May came.]"),
        ("de-CH", "Das ist z.B. Mist. Ja.", "[Das ist z.B. Mist.] [Ja.]"),
        ("fr", "Mme. Petit et MM. Roux sont là. Oui.", "[Mme. Petit et MM. Roux sont là.] [Oui.]"),
        ("ja", "これはペンです。「はい。」私は学生です！", "[これはペンです。][「はい。」][私は学生です！]"),
        ("hi", "यह एक है। वह दो है।", "[यह एक है।] [वह दो है।]"),
    ])
    func abbreviationsDoNot(language: String, text: String, expected: String) {
        #expect(shown(text, language: language) == expected)
    }

    @Test(arguments: [
        ("\n  A dog.\r\n\r\n\tA cat. \n", "\n  [A dog.]\r\n\r\n\t[A cat.] \n"),
        (
            "# Title\n- one\n* two\n  12) three\n(a) four\n1.2 Five\n> > six",
            "# [Title]\n- [one]\n* [two]\n  12) [three]\n(a) [four]\n1.2 [Five]\n> > [six]"
        ),
        ("3.5 million came.", "[3.5 million came.]"),
        ("-\n=====\n- ", "-\n=====\n- "), ("(a)\nb)", "(a)\nb)"),
        ("", ""), (" \n ", " \n "),
        ("A. Smith came.", "[A. Smith came.]"),
        ("1990. Then.", "1990. [Then.]"),
    ])
    func linesAndTheirMarksAreKept(text: String, expected: String) {
        #expect(shown(text) == expected)
    }

    @Test(arguments: [
        "42", "3.14 %", "https://example.org/a?b=c.", "www.example.org", "(a@example.org)", "— 12:30 —", "mailto:a@b.c",
    ])
    func whatHasNoWordsIsKept(text: String) {
        #expect(shown(text) == text)
        #expect(shown("A dog.\n\(text)\nA cat.") == "[A dog.]\n\(text)\n[A cat.]")
    }

    @Test(arguments: [SentenceSplitter.Boundaries.none, .punctuation])
    func aMarkOnABlankIsKeptWhereLinesAreJoined(boundaries: SentenceSplitter.Boundaries) {
        let found = shown("a \u{301}b\nc\t\u{323}d\r\ne", boundaries: boundaries)
        #expect(found.utf8.elementsEqual("[a \u{301}b c \u{323}d e]".utf8))
    }

    @Test func lineBreaksMayBeBlanks() {
        let text = "A dog\n runs. A cat\nsits.\n\nA bird."
        #expect(shown(text, boundaries: .punctuation) == "[A dog runs.] [A cat sits.]\n\n[A bird.]")
        #expect(shown(" A dog. A\ncat. ", boundaries: .none) == " [A dog. A cat.] ")
    }

    @Test func nothingIsLostAndNothingDoubled() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("aB1. !?…\"'()\n\r\t-#>。」é:,")
        for _ in 0..<2000 {
            let length = Int.random(in: 0...30, using: &random)
            let text = String((0..<length).map { _ in alphabet.randomElement(using: &random) ?? "a" })
            let parts = SentenceSplitter(language: "en").parts(of: text)
            let joined = parts.map {
                if case .kept(let text) = $0 { text } else if case .sentence(let text) = $0 { text } else { "" }
            }
            #expect(joined.joined() == text)
        }
    }

    @Test func aSentenceThatIsTooLongIsCutBehindAClauseOrAWord() {
        // A token for each word.
        let cutter = SentenceCutter(maximumTokens: 4) { $0.split(separator: " ").count }
        func pieces(_ text: String) -> [String] {
            cutter.parts(of: text).map {
                switch $0 {
                case .kept(let text): text
                case .sentence(let text): "[\(text)]"
                }
            }
        }
        #expect(pieces("a b c d") == ["[a b c d]"])
        #expect(pieces("a b c, d e f") == ["[a b c,]", " ", "[d e f]"])
        #expect(pieces("a b c d e f") == ["[a b c d]", " ", "[e f]"])
        let letters = SentenceCutter(maximumTokens: 3) { $0.count }
        let found = letters.parts(of: "abcdefgh")
        #expect(found == [.sentence("abc"), .sentence("def"), .sentence("gh")])
    }

    /// What is counted of a text that has to be cut many times stays in proportion to it, whatever it is made of.
    @Test(arguments: ["a", "ab ", "é", "a, b", ", ", "abcdefghijklmnopqrstuvwxyz ", "a                    "])
    func aLongSentenceIsCountedAFewTimesOver(unit: String) {
        let text = String(repeating: unit, count: 60_000 / unit.count) + "z"
        let limit = 100
        var counted = 0
        let cutter = SentenceCutter(maximumTokens: limit) { text in
            counted += text.count
            return text.count { !$0.isWhitespace }
        }
        let parts = cutter.parts(of: text)
        let texts = parts.map {
            if case .kept(let text) = $0 { text } else if case .sentence(let text) = $0 { text } else { "" }
        }
        #expect(texts.joined() == text)
        #expect(
            parts.allSatisfy {
                if case .sentence(let text) = $0 { text.count { !$0.isWhitespace } <= limit } else { true }
            }
        )
        #expect(counted < 4 * text.count, "\(counted) of \(text.count)")
    }

    @Test(arguments: [1, 31, 32, 33, 100, 1000]) func aSentenceThatFitsIsLeftWhole(words: Int) {
        let cutter = SentenceCutter(maximumTokens: words) { $0.split(separator: " ").count }
        let text = Array(repeating: "a", count: words).joined(separator: " ")
        #expect(cutter.parts(of: text) == [.sentence(text)])
        #expect(cutter.parts(of: text + " b").count == 3)
    }
}
