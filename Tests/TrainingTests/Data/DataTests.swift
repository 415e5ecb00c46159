import Foundation
import Testing

@testable import Training

/// From text to batches.
@Suite struct DataTests {
    @Test func cleaningCountsWhatItLeavesOut() {
        var cleaning = TextCleaning()
        (cleaning.maximumCharacters, cleaning.ratioFrom, cleaning.maximumRatio) = (30, 5, 2)
        let pairs = [
            TextPair(source: " a house ", target: "ein Haus"), TextPair(source: "a house", target: "ein Haus"),
            TextPair(source: "  ", target: "nichts"), TextPair(source: "short", target: "viel zu lang dafür"),
            TextPair(source: String(repeating: "x", count: 31), target: String(repeating: "y", count: 31)),
            TextPair(source: "cafe\u{301}", target: "Café"),
        ]
        let (kept, report) = cleaning(pairs)
        #expect(kept == [TextPair(source: "a house", target: "ein Haus"), TextPair(source: "café", target: "Café")])
        #expect(kept[1].source.unicodeScalars.count == 4)
        var wanted = TextCleaning.Report()
        (wanted.read, wanted.empty, wanted.tooLong, wanted.unequal, wanted.duplicates) = (6, 1, 1, 1, 1)
        wanted.kept = 2
        #expect(report == wanted)
    }

    @Test func linesEndAsTheyMay() {
        #expect(TextFile.lines(of: "a\nb\r\n\nc") == ["a", "b", "", "c"])
        #expect(TextFile.lines(of: "a\n") == ["a"])
        #expect(TextFile.lines(of: "") == [])
    }

    @Test func aLineWithoutATabIsNamed() throws {
        let path = NSTemporaryDirectory() + "pairs-\(UUID().uuidString).tsv"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("a\tb\nalone\n".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: TrainingError.notPairs(file: path, line: 2, columns: 1)) { try TextFile.pairs(path) }
        #expect(throws: TrainingError.tooLarge(file: path, bytes: 10, limit: 9)) { try TextFile.text(path, limit: 9) }
        #expect(try TextFile.text(path, limit: 10).utf8.count == 10)
    }

    @Test func packedTextIsUnpackedAndDamageNamed() throws {
        let path = NSTemporaryDirectory() + "pairs-\(UUID().uuidString).tsv.gz"
        defer { try? FileManager.default.removeItem(atPath: path) }
        // Two members: "a\tb\n" and "c\td\n".
        let packed = try #require(
            Data(base64Encoded: "H4sIAAAAAAACA0vkTOICAM6UERoEAAAAH4sIAAAAAAACA0vmTOECAMP7QuYEAAAA")
        )
        try packed.write(to: URL(fileURLWithPath: path))
        #expect(try TextFile.pairs(path) == [TextPair(source: "a", target: "b"), TextPair(source: "c", target: "d")])
        #expect(try TextFile.text(path, limit: 8).utf8.count == 8)
        #expect(throws: TrainingError.tooLarge(file: path, bytes: 8, limit: 7)) { try TextFile.text(path, limit: 7) }
        for damaged in [packed.dropLast(3), packed.prefix(20) + [0xFF, 0xFF] + packed.dropFirst(22)] {
            try Data(damaged).write(to: URL(fileURLWithPath: path))
            #expect(throws: TrainingError.unreadable(file: path, reason: "its gzip data is damaged")) {
                try TextFile.text(path)
            }
        }
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: TrainingError.self) { try TextFile.text(path) }
    }

    @Test func heldOutExamplesAreTheSameForASeedAndInNoOtherPart() {
        let all = Array(0..<100)
        let (training, held) = HeldOut(count: 10, seed: 3).split(all)
        #expect(held.count == 10 && (training + held).sorted() == all)
        #expect(HeldOut(count: 10, seed: 3).split(all).held == held)
        #expect(HeldOut(count: 10, seed: 4).split(all).held != held)
    }

    @Test func pairsBecomeExamplesWithTheirEnds() {
        let special = SpecialIDs(start: 0, end: 1)
        let examples = PairExamples([([5, 6], [7, 8, 9]), ([5], [7])], special, maximumTokens: 6)
        #expect(examples.count == 1 && examples.tooLong == 1)
        #expect(examples.example(0, epoch: 0) == Example(source: [5, 1], inputs: [0, 7], labels: [7, 1]))
    }

    @Test func windowsCoverATextAndMoveWithTheEpoch() {
        let text = (0..<1003).map(Int32.init)
        let fixed = TextWindows(text, length: 10, .fixed)
        let labels = (0..<fixed.count).flatMap { fixed.example($0, epoch: 0).labels }
        #expect(labels == Array(text.dropFirst()))
        let moving = TextWindows(text, length: 10, .moving(seed: 2))
        for epoch in 0..<20 {
            for index in 0..<moving.count {
                let example = moving.example(index, epoch: epoch)
                #expect(example.inputs.count == 10 && zip(example.inputs, example.labels).allSatisfy { $0 + 1 == $1 })
            }
        }
        #expect(Set((0..<20).map { moving.example(0, epoch: $0).inputs[0] }).count > 3)
    }

    @Test func spansCutOutCanBePutBack() {
        var settings = SpanCorruption.Settings()
        (settings.length, settings.seed) = (64, 5)
        let text = (100..<1100).map(Int32.init)
        let source = SpanCorruption(
            text,
            SpecialIDs(start: 0, end: 1),
            sentinels: (0..<100).reversed().map(Int32.init),
            settings
        )
        var cut = 0
        for index in 0..<source.count {
            let example = source.example(index, epoch: 2)
            #expect(example == source.example(index, epoch: 2))
            #expect(example.inputs.first == 0 && example.labels.last == 1 && example.source.last == 1)
            var spans: [Int32: [Int32]] = [:]
            var sentinel: Int32 = 0
            for token in example.labels.dropLast() {
                if token < 100 { sentinel = token } else { spans[sentinel, default: []].append(token) }
            }
            cut += spans.values.reduce(0) { $0 + $1.count }
            let restored = example.source.dropLast().flatMap { $0 < 100 ? spans[$0] ?? [] : [$0] }
            #expect(restored == Array(text[index * 64..<(index + 1) * 64]))
        }
        #expect(cut == source.count * 10)
        #expect(source.example(0, epoch: 1) != source.example(0, epoch: 2))
    }

    @Test func batchesHoldEveryExampleOnceWithinTheirTokens() {
        var noise = Noise(seed: 1)
        let lengths = (0..<500).map { _ in Int.random(in: 1...40, using: &noise) } + [90]
        let plan = BatchPlan(lengths: lengths, tokens: 64, seed: 1, epoch: 0)
        #expect(plan.batches.flatMap(\.self).sorted() == Array(lengths.indices))
        #expect(plan.batches.allSatisfy { $0.count == 1 || $0.reduce(0) { $0 + lengths[$1] } <= 64 })
        #expect(plan == BatchPlan(lengths: lengths, tokens: 64, seed: 1, epoch: 0))
        #expect(plan != BatchPlan(lengths: lengths, tokens: 64, seed: 1, epoch: 1))
        let fill = plan.batches.dropLast().map { $0.reduce(0) { $0 + lengths[$1] } }.reduce(0, +)
        #expect(Double(fill) / Double(plan.batches.count - 1) > 40)
    }

    @Test func aReaderGoesOnInTheMiddleOfAnEpoch() {
        let pairs = (0..<60).map { index in (source: [Int32(index)], target: [Int32(index)]) }
        let source = PairExamples(pairs, SpecialIDs(start: 0, end: 1), maximumTokens: 10)
        var whole = BatchReader(source, tokens: 20, seed: 4)
        let batches = (0..<40).map { _ in whole.next() }
        // An epoch has 12 batches, of 5 pairs of 4 tokens each.
        for stop in [0, 7, 12, 25] {
            var first = BatchReader(source, tokens: 20, seed: 4)
            for _ in 0..<stop { _ = first.next() }
            var second = BatchReader(source, tokens: 20, seed: 4, from: first.position)
            #expect((stop..<40).map { _ in second.next() } == Array(batches[stop...]))
        }
    }

    @Test func partsOfABatchAreEvenAndInOrder() {
        let examples = (1...20).map {
            Example(source: [], inputs: Array(repeating: 1, count: $0), labels: Array(repeating: 1, count: $0))
        }
        for count in 1...4 {
            let parts = examples.parts(count)
            #expect(parts.count == count && parts.flatMap(\.self) == examples)
            let sizes = parts.map { $0.reduce(0) { $0 + $1.tokens } }
            #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 40)
        }
    }
}
