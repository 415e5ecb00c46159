import Testing

@testable import InferenceAPI

@Suite struct MarkupTests {
    /// The text with every sentence in capitals.
    private func shouted(_ text: String, _ markup: Markup = .html) -> String {
        let splitter = SentenceSplitter(language: "en", boundaries: .punctuation)
        let found = TranslatableText(text, markup: markup, splitter: splitter)
        return found.text(found.sentences.map { $0.uppercased() })
    }

    @Test(arguments: [
        ("<p class='a'>one. Two.</p>\n<br/>three", "<p class='a'>ONE. TWO.</p>\n<br/>THREE"),
        ("a <b>bold</b> word", "A <b>BOLD</b> WORD"),
        ("<a href=\"x?a=b&amp;c>d\" title='e > f'>go</a>", "<a href=\"x?a=b&amp;c>d\" title='e > f'>GO</a>"),
        ("<!-- a. b --><script>if (a < b) c('</p>')</script>x", "<!-- a. b --><script>if (a < b) c('</p>')</script>X"),
        ("<style>p > a {}</STYLE>x<!DOCTYPE html>", "<style>p > a {}</STYLE>X<!DOCTYPE html>"),
        ("<pre>a <b>b</b><pre>c</pre> d</pre>e<code>f</code>", "<pre>a <b>b</b><pre>c</pre> d</pre>E<code>f</code>"),
        ("<span translate=\"no\">acme<br>inc</span> is", "<span translate=\"no\">acme<br>inc</span> IS"),
        ("fish &amp; chips &lt;b&gt; &#233;t&eacute;&nbsp;a", "FISH &amp; CHIPS &lt;B&gt; ÉTÉ&nbsp;A"),
        ("AT&T a < b", "AT&amp;T A &lt; B"),
        ("a &unknown; b &#0; c", "A &unknown; B &#0; C"),
        ("&mdash; 42 &amp; 7", "&mdash; 42 &amp; 7"),
        ("a <b unclosed", "A <b unclosed"), ("a <!-- unclosed", "A <!-- unclosed"),
        ("a <script>unclosed", "A <script>unclosed"), ("<pre>a", "<pre>a"),
        ("</p'>a</p>", "</p'>A</p>"), ("<>a</>", "&lt;&gt;A</>"),
        ("a\n  b. <i>c</i>", "A B. <i>C</i>"),
    ])
    func tagsAndWhatIsNoProseSurvive(text: String, expected: String) {
        #expect(shouted(text) == expected)
    }

    @Test func xmlHasItsOwnRules() {
        #expect(
            shouted("<?pi a?><x><![CDATA[a<b]]><pre>b</pre></x>", .xml) == "<?pi a?><x><![CDATA[a<b]]><pre>B</pre></x>"
        )
        #expect(shouted("a &eacute; &apos;\u{A0}b", .xml) == "A &eacute; '&#160;B")
    }

    @Test func anEncodedReferenceStaysEncoded() {
        #expect(shouted("a &amp;lt; b") == "A &amp;LT; B")
    }

    @Test func piecesJoinedAreTheText() {
        var random = SystemRandomNumberGenerator()
        let bits = [
            "<", ">", "</", "<p>", "</p>", "<pre>", "</pre>", "<script", "\"", "=", "&", "&amp;", "&x;", "!--", "-->",
            "a", " ", "é",
        ]
        for markup in [Markup.html, .xml] {
            for _ in 0..<2000 {
                let text = (0..<12).map { _ in bits.randomElement(using: &random) ?? "" }.joined()
                let pieces = MarkupWalker(markup).pieces(of: text).map {
                    switch $0 {
                    case .kept(let text), .text(let text): text
                    }
                }
                #expect(pieces.joined() == text)
            }
        }
    }

    @Test func aReferenceBeforeACombiningMarkIsOne() {
        for markup in [Markup.html, .xml] {
            #expect(Array(markup.decoded("a &amp;\u{301} b").unicodeScalars) == Array("a &\u{301} b".unicodeScalars))
            let text = "&unknown;\u{1056}"
            let found = TranslatableText(text, markup: markup, splitter: SentenceSplitter(language: "en"))
            #expect(found.text(found.sentences) == text)
        }
    }
}
