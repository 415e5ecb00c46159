import Foundation
import Generation
import JSON
import TestSupport
import Testing
import Tokenization

@testable import InferenceAPI

/// `text_offset` points into the text, however tokens are written.
@Suite struct TextOffsetTests {
    private static let bytes = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Parity/Fixtures/bytes.model")

    /// 330 pieces with byte fallback: 1 ends, 2 is unknown, a byte is its value plus 3.
    private static func byteTokenizer() throws -> SentencePieceTokenizer {
        let bytes = try [UInt8](Data(contentsOf: bytes))
        return try SentencePieceTokenizer(serialized: bytes, modelVocabularySize: 330, fileName: "bytes.model")
    }

    private static func bytesOf(_ character: String) -> [Int32] { character.utf8.map { Int32($0) + 3 } }

    private static func offsets(_ choice: JSONValue) -> [Int] {
        choice["logprobs"]["text_offset"].items.compactMap(\.asInteger)
    }

    private static func codePoints(_ choice: JSONValue) -> Int { choice["text"].asText?.unicodeScalars.count ?? -1 }

    @Test func bytesOfOneCharacterAreWhereItBegins() async throws {
        let said = Self.bytesOf("你") + Self.bytesOf("🙂") + Self.bytesOf("x") + [1]
        let client = APIClient(.saying(said), tokenizer: try Self.byteTokenizer())
        let choice = await client.complete(#"{"prompt": [5], "logprobs": 0}"#).json["choices"][0]
        #expect(choice["text"] == .string("你🙂x"))
        #expect(choice["logprobs"]["tokens"][0] == .string("bytes:\\xe4"))
        #expect(Self.offsets(choice) == [0, 0, 0, 1, 1, 1, 1, 2, 3])
    }

    @Test func aStopStringThatOverlapsItselfMovesNothingThatWasSent() async {
        let client = APIClient(.saying([16, 16, 16, 17, 1]))
        let json = #"{"prompt": "a", "logprobs": 0, "return_token_ids": true, "stop": "aab""#
        let whole = await client.complete(json + "}").json["choices"][0]
        #expect(whole["text"] == .string("a"))
        #expect(Self.offsets(whole) == [0, 1, 1, 1])
        let parts = await client.complete(json + #", "stream": true}"#).events.map { $0["choices"][0] }
        #expect(parts.flatMap(Self.offsets) == [0, 1, 1, 1])
        for part in parts where !part["logprobs"]["tokens"].items.isEmpty {
            #expect(part["token_ids"].count == part["logprobs"]["tokens"].count)
        }
    }

    @Test func theSentinelOfAnInfillHasNoText() async {
        let client = APIClient(.saying([4, 5, 41, 1]))
        for skips in [true, false] {
            let json = #"{"prompt": "the", "suffix": "mat", "logprobs": 0, "skip_special_tokens": \#(skips)}"#
            let choice = await client.complete(json).json["choices"][0]
            let text = choice["text"].asText ?? ""
            #expect(text.hasSuffix("cat sat"))
            #expect(Self.offsets(choice) == [0, 0, text.count - 4, text.count])
        }
    }

    @Test func withoutTextAllOffsetsAreZero() async {
        let client = APIClient(.saying([3, 4, 1]), tokenizer: nil)
        let choice = await client.complete(#"{"prompt": [5, 1], "logprobs": 0}"#).json["choices"][0]
        #expect(Self.offsets(choice) == [0, 0, 0])
    }

    /// Tokens that belong together: a piece, a special token, or the bytes of a character.
    private func units(_ random: inout SplitMix, _ tokenizer: SentencePieceTokenizer) -> [[Int32]] {
        (0..<random.below(10)).map { _ in
            switch random.below(6) {
            case 0: [0]
            case 1: [2]
            case 2, 3: Self.bytesOf(["你", "🙂", "é", "x", "\u{301}"][random.below(5)])
            default: [Int32(259 + random.below(71))]
            }
        }
    }

    /// A few code points of a text to stop at, more often than not.
    private func part(of text: String, _ random: inout SplitMix) -> String? {
        let scalars = Array(text.unicodeScalars)
        guard !scalars.isEmpty, random.below(3) > 0 else { return nil }
        let start = random.below(scalars.count)
        return String(String.UnicodeScalarView(scalars[start..<min(scalars.count, start + 1 + random.below(5))]))
    }

    /// Where each token of `units` begins, by decoding all that is before its unit.
    private func expected(_ units: [[Int32]], _ decode: ([Int32]) -> String) -> [Int] {
        units.indices.flatMap { place in
            let before = decode(units[..<place].flatMap { $0 }).unicodeScalars.count
            return units[place].map { _ in before }
        }
    }

    @Test(arguments: [false, true], [false, true])
    func offsetsAreThoseOfTheTextBefore(echoes: Bool, showsIDs: Bool) async throws {
        let tokenizer = try Self.byteTokenizer()
        var random = SplitMix(state: 5)
        for number in 0..<300 {
            let prompt = [[Int32(259 + random.below(71))]] + (echoes ? units(&random, tokenizer) : [])
            let output = units(&random, tokenizer) + [[1]]
            let skips = random.below(2) == 0
            let stop = part(
                of: tokenizer.decode(output.flatMap { $0 }, skippingSpecialTokens: skips, continuesText: echoes),
                &random
            )
            var json = #"{"prompt": [\#(prompt.joined().map { "\($0)" }.joined(separator: ","))], "logprobs": 1, "#
            json += #""echo": \#(echoes), "skip_special_tokens": \#(skips), "#
            json += #""include_stop_str_in_output": \#(random.below(2) == 0), "#
            json += #""return_tokens_as_token_ids": \#(showsIDs)"#
            if let stop { json += #", "stop": \#(String(decoding: try JSONEncoder().encode(stop), as: UTF8.self))"# }
            let client = APIClient(
                .saying(output.flatMap { $0 }),
                tokenizer: tokenizer,
                architecture: echoes ? .languageModel : .encoderDecoder
            )
            let answer = await client.complete(json + "}").json
            let whole = answer["choices"][0]
            let said = answer["usage"]["completion_tokens"].asInteger ?? -1
            let all = expected((echoes ? prompt : []) + output) {
                tokenizer.decode($0, skippingSpecialTokens: skips)
            }
            let offsets = Self.offsets(whole)
            let count = Self.codePoints(whole)
            #expect(offsets.count == said + (echoes ? prompt.joined().count : 0))
            #expect(offsets == all.prefix(offsets.count).map { min($0, count) }, "\(number): \(json)")
            #expect(offsets.count == whole["logprobs"]["tokens"].count)
            let parts = await client.complete(json + #", "stream": true}"#).events.map { $0["choices"][0] }
            #expect(parts.flatMap(Self.offsets) == offsets, "\(number): \(json)")
            #expect(parts.compactMap { $0["text"].asText }.joined() == whole["text"].asText)
        }
    }
}
