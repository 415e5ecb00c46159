import BodiesBefore
import CheckpointsBefore
import Foundation
import JSON
import TokenizersBefore
import TokenizersNow

/// One input, and what is done with it before and now; both return something to compare.
struct Comparison {
    let name: String
    let bytes: Int
    /// How often it is done in one measurement.
    let repeats: Int
    let before: () throws -> Int
    let now: () throws -> Int
}

@main
struct JSONSpeed {
    static func main() throws {
        let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 31
        print("milliseconds of the processor, \(rounds) rounds in turn: median (first to third quartile)")
        for comparison in reading() + writing() {
            guard try comparison.before() == comparison.now() else { fatalError("\(comparison.name): not the same") }
            var times: [[Double]] = [[], []]
            for round in 0..<rounds {
                for which in [round % 2, 1 - round % 2] {
                    times[which].append(try milliseconds(comparison, which == 0 ? comparison.before : comparison.now))
                }
            }
            let (before, now) = (Spread(times[0]), Spread(times[1]))
            let ratio = String(format: "%.2f", before.median / now.median)
            print("| \(comparison.name), \(comparison.bytes) bytes | \(before) | \(now) | \(ratio) |")
        }
    }

    private static func milliseconds(_ comparison: Comparison, _ body: () throws -> Int) throws -> Double {
        let start = processorMilliseconds()
        for _ in 0..<comparison.repeats { _ = try body() }
        return (processorMilliseconds() - start) / Double(comparison.repeats)
    }

    private static func processorMilliseconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }

    private static func reading() -> [Comparison] {
        let bodies = JSONRules(maximumDepth: 32, duplicateNames: .lastCounts, byteOrderMark: .ignored)
        let requests = [
            ("body, text as it is", Inputs.textBody(escaped: false)),
            ("body, text escaped", Inputs.textBody(escaped: true)),
            ("body, token ids", Inputs.tokenBody()),
        ]
        let header = Inputs.header(tensors: 10_000)
        let tokenizer = Inputs.tokenizer(pieces: 430_000)
        return requests.map { name, bytes in
            Comparison(name: name, bytes: bytes.count, repeats: 3) {
                try readBodyBefore(bytes)
            } now: {
                members(try JSON.JSONParser.parse(bytes, bodies))
            }
        } + [
            Comparison(name: "header of 10,000 tensors", bytes: header.count, repeats: 5) {
                guard case .object(let members) = try CheckpointsBefore.JSONParser.parse(header) else { return 0 }
                return members.count
            } now: {
                members(try JSON.JSONParser.parse(header))
            },
            Comparison(name: "tokenizer.json", bytes: tokenizer.count, repeats: 1) {
                try readTokenizerBefore(tokenizer)
            } now: {
                try readTokenizerNow(tokenizer)
            },
        ]
    }

    private static func writing() -> [Comparison] {
        [("event of a stream", 1, 1000), ("answer of 1,000 tokens", 1000, 3)].map { name, tokens, repeats in
            let answer = Inputs.answer(tokens: tokens)
            let bytes = JSONText.bytes(answer)
            precondition(bytes == writtenBefore(answer))
            return Comparison(name: name, bytes: bytes.count, repeats: repeats) {
                writtenBefore(answer).count
            } now: {
                JSONText.bytes(answer).count
            }
        }
    }

    private static func members(_ value: JSON.JSONValue) -> Int {
        if case .object(let members) = value { members.count } else { 0 }
    }
}

/// The middle of some measurements.
struct Spread: CustomStringConvertible {
    private let sorted: [Double]

    init(_ values: [Double]) { sorted = values.sorted() }

    var median: Double { sorted[sorted.count / 2] }

    var description: String {
        let quartiles = [sorted.count / 4, sorted.count * 3 / 4].map { Self.text(sorted[$0]) }
        return "\(Self.text(median)) (\(quartiles[0])–\(quartiles[1]))"
    }

    private static func text(_ value: Double) -> String { String(format: value < 1 ? "%.4f" : "%.2f", value) }
}
