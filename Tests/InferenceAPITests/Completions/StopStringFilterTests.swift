import TestSupport
import Testing

@testable import InferenceAPI

@Suite struct StopStringFilterTests {
    private func run(_ pieces: [String], stops: [String], includesStop: Bool = false) -> (text: String, stop: String?) {
        var filter = StopStringFilter(stops, includesStop: includesStop)
        var text = ""
        for piece in pieces { text += filter.append(piece) }
        text += filter.finish()
        return (text, filter.matched)
    }

    @Test func textBeforeTheStopStringPasses() {
        let (text, stop) = run(["one two", " three"], stops: [" th"])
        #expect(text == "one two")
        #expect(stop == " th")
    }

    @Test func theStopStringPassesWhenAskedFor() {
        #expect(run(["one two three"], stops: ["two"], includesStop: true).text == "one two")
    }

    @Test func whatMayBecomeAStopStringIsHeldBack() {
        var filter = StopStringFilter(["END"], includesStop: false)
        #expect(filter.append("aE") == "a")
        #expect(filter.append("N") == "")
        #expect(filter.append("x") == "ENx")
        #expect(filter.append("EN") == "")
        #expect(filter.finish() == "EN")
    }

    @Test func aStopStringMayStartInsideAFailedOne() {
        #expect(run(["aab", "aac"], stops: ["aac"]).text == "aab")
        #expect(run(["a", "a", "a", "b"], stops: ["aab"]).text == "a")
    }

    @Test func ofTwoCompleteTogetherTheLongerWins() {
        let (text, stop) = run(["x", "yz"], stops: ["z", "yz"])
        #expect(text == "x")
        #expect(stop == "yz")
    }

    @Test func stopStringsAreComparedByteForByte() {
        #expect(run(["e\u{301}"], stops: ["\u{E9}"]).stop == nil)
        #expect(run(["日", "本語"], stops: ["本"]).text == "日")
    }

    @Test func theCutDoesNotDependOnThePieces() {
        var random = SplitMix(state: 11)
        for _ in 0..<2000 {
            let text = String((0..<random.below(30)).map { _ in "abé".randomElement(using: &random) ?? "a" })
            let stops = (0..<(1 + random.below(3))).map { _ in
                String((0...random.below(4)).map { _ in "abé".randomElement(using: &random) ?? "a" })
            }
            let includesStop = random.below(2) == 0
            let whole = run([text], stops: stops, includesStop: includesStop)
            let cut = run(pieces(of: text, &random), stops: stops, includesStop: includesStop)
            #expect(cut.text == whole.text)
            #expect(cut.stop == whole.stop)
            if !includesStop { #expect(stops.allSatisfy { !whole.text.contains($0) }) }
            if whole.stop == nil { #expect(whole.text == text) }
        }
    }

    private func pieces(of text: String, _ random: inout SplitMix) -> [String] {
        var pieces: [String] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            let length = 1 + random.below(4)
            pieces.append(String(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return pieces
    }
}
