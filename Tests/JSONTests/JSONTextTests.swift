import Foundation
import TestSupport
import Testing

@testable import JSON

/// Foundation's own bytes, which the writer's are to be.
private func reference(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

private func text(_ value: some Encodable) -> String { String(decoding: JSONText.bytes(value), as: UTF8.self) }

@Suite struct JSONTextTests {
    private struct Sample: Encodable {
        var zeta: Float = 0.1
        @OrNull var alpha: Int? = nil
        var path = "a/b\u{1}é"
    }

    @Test func membersAreSortedNullsWrittenAndFloatsShort() {
        #expect(text(Sample()) == #"{"alpha":null,"path":"a/b\u0001é","zeta":0.1}"#)
    }

    private struct Everything: Encodable {
        enum Kind: String, Encodable { case large = "lar/ge" }
        enum Number: Int, Encodable { case two = 2 }

        var kind = Kind.large
        var number = Number.two
        var absent: Int?
        @OrNull var null: [Int]? = nil
        @OrNull var present: [Int]? = [1]
        var optionals: [Double?] = [nil, 0.25]
        var maps: [[String: Float?]?] = [["b": 1, "a": nil, "é": 2.5, "": 3, "B": 4, "a\"\n": 5], nil, [:]]
        var numbered = [10: "x", 9: "y"]
        var nested = [[[Int]]()], deep: [[[Bool]]] = [[[], [true]], []]
        var integers: [Int64] = [.min, .max, 0, -1]
        var unsigned: [UInt64] = [.max], small: [Int8] = [-128], words: [UInt16] = [65535]
    }

    @Test func everyKindOfMemberIsFoundations() throws {
        #expect(text(Everything()) == (try reference(Everything())))
        for value in ["", "a", "\"", "\\"] { #expect(text([value]) == (try reference([value]))) }
        #expect(text([Int]()) == "[]" && text([String: Int]()) == "{}")
        #expect(text(5) == "5" && text("a") == #""a""# && text(Int?.none) == "null" && text(true) == "true")
    }

    @Test func textIsFoundations() throws {
        for code in (0..<0x250).map(UInt32.init) + [0x2028, 0x2029, 0xD7FF, 0xE000, 0xFEFF, 0xFFFF, 0x1F600, 0x10FFFF] {
            let value = String(try #require(Unicode.Scalar(code)))
            let values = ["\(value)", "a\(value)b", "\(value)\(value)"]
            #expect(text(values) == (try reference(values)))
            #expect(text([value: 1]) == (try reference([value: 1])))
        }
        let slice = "a long text with an \n in it, of which this is a part"
        #expect(text(String(slice.dropFirst(3))) == (try reference(String(slice.dropFirst(3)))))
    }

    @Test func namesAreSortedByTheirBytes() throws {
        let names = [
            "a", "B", "b", "A", "é", "e\u{301}x", "z", "1", "10", "2", "_", "😀", "\u{FFFF}", "\u{E000}", "", "aa",
        ]
        let members = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        #expect(text(members) == (try reference(members)))
    }

    @Test func numbersAreFoundations() throws {
        var random = SplitMix(state: 1)
        var floats: [Float] = [
            0, -0.0, 1, 0.1, 1e10, 16_777_216, 1e-7, 1.5e30, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
        ]
        var doubles: [Double] = [
            0, -0.0, 1e15, 1e16, 1e17, 1e300, .leastNonzeroMagnitude, 123_456_789, 0.1, .greatestFiniteMagnitude, 1e-5,
        ]
        for _ in 0..<2000 {
            floats.append(Float(bitPattern: .random(in: 0...UInt32.max, using: &random)))
            doubles.append(Double(bitPattern: .random(in: 0...UInt64.max, using: &random)))
            doubles.append(Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 64)
        }
        floats.removeAll { !$0.isFinite }
        doubles.removeAll { !$0.isFinite }
        #expect(text(floats) == (try reference(floats)))
        #expect(text(doubles) == (try reference(doubles)))
    }

    @Test func whatIsNoNumberIsNull() {
        #expect(text([Float.nan, .infinity, 1]) == "[null,null,1]")
        #expect(text([-Double.infinity]) == "[null]")
    }

    private class Base: Encodable {
        var base = 1
    }

    private final class Derived: Base {
        private enum Keys: CodingKey { case list, object, own, parent, more }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            var list = container.nestedUnkeyedContainer(forKey: .list)
            var object = container.nestedContainer(keyedBy: Keys.self, forKey: .object)
            try list.encode(1)
            try object.encode("x", forKey: .own)
            try container.encode(true, forKey: .own)
            var inner = list.nestedContainer(keyedBy: Keys.self)
            try list.encodeNil()
            try inner.encodeNil(forKey: .list)
            var last = list.nestedUnkeyedContainer()
            try last.encode(list.count)
            try super.encode(to: container.superEncoder())
            try super.encode(to: container.superEncoder(forKey: .parent))
            try super.encode(to: list.superEncoder())
            // A second container of the same kind is the first again.
            var again = encoder.container(keyedBy: Keys.self)
            try again.encode("more", forKey: .more)
        }
    }

    private struct Silent: Encodable {
        func encode(to encoder: any Encoder) throws {}
    }

    @Test func containersMayBeOpenAtTheSameTime() throws {
        #expect(text(Derived()) == (try reference(Derived())))
        #expect(text(["a": Silent()]) == (try reference(["a": Silent()])))
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        var random = SplitMix(state: 1)
        for _ in 0..<300 {
            let value = JSONValue.random(depth: 4, using: &random)
            let bytes = JSONText.bytes(value)
            #expect(try JSONParser.parse(bytes) == value)
            #expect(String(decoding: bytes, as: UTF8.self) == (try reference(value)))
        }
    }
}
