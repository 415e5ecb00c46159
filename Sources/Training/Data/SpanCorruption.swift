/// T5's way to learn from plain text: spans are cut out of it, and the model says what was there.
///
/// Source: Raffel and others 2020, §3.1.4. Every epoch cuts anew.
package struct SpanCorruption: ExampleSource {
    /// How much of a text is cut out, and in spans of what length.
    ///
    /// The share and the mean are those T5 settled on (Raffel and others 2020, §3.3.3 and §3.3.4).
    package struct Settings: Equatable, Sendable {
        /// Tokens of text in one example.
        package var length = 128
        /// The share of tokens that is cut out, between 0 and 1; at least one token is cut and one kept.
        package var density = 0.15
        /// Tokens of a cut span on average; an example has at least one span, at most as many as there are sentinels.
        package var meanSpan = 3.0
        /// Decides the cuts, together with the epoch and the example's number.
        package var seed: UInt64 = 0

        package init() {}
    }

    private let tokens: [Int32]
    private let special: SpecialIDs
    private let sentinels: [Int32]
    private let settings: Settings

    /// - Parameters:
    ///   - tokens: the text.
    ///   - sentinels: the ids of `<extra_id_0>` and those after it, at least one: an example has at most so many spans.
    package init(_ tokens: [Int32], _ special: SpecialIDs, sentinels: [Int32], _ settings: Settings) {
        precondition(!sentinels.isEmpty, "no sentinels")
        (self.tokens, self.special, self.sentinels, self.settings) = (tokens, special, sentinels, settings)
    }

    package var count: Int { tokens.count / max(settings.length, 1) }

    package func tokens(_ index: Int) -> Int { settings.length + settings.length / 3 }

    package func example(_ index: Int, epoch: Int) -> Example {
        var noise = Noise(seed: settings.seed, UInt64(epoch), UInt64(index))
        let text = tokens[index * settings.length..<(index + 1) * settings.length]
        var (source, target): ([Int32], [Int32]) = ([], [])
        var position = text.startIndex
        for (number, span) in Self.spans(settings, atMost: sentinels.count, &noise).enumerated() {
            let sentinel = sentinels[number]
            source += text[position..<position + span.kept] + [sentinel]
            position += span.kept
            target += [sentinel] + text[position..<position + span.cut]
            position += span.cut
        }
        source += text[position...]
        return Example(
            source: source + [special.end],
            inputs: [special.start] + target,
            labels: target + [special.end]
        )
    }

    /// How much is kept and then cut, over and over: numbers that together make up a text, none of them 0.
    static func spans(
        _ settings: Settings,
        atMost most: Int,
        _ noise: inout Noise
    ) -> [(kept: Int, cut: Int)] {
        let cut = max(1, min(settings.length - 1, Int((Double(settings.length) * settings.density).rounded())))
        let most = min(cut, settings.length - cut, most)
        let count = max(1, min(most, Int((Double(cut) / settings.meanSpan).rounded())))
        let cuts = partition(cut, count, &noise)
        return zip(partition(settings.length - cut, count, &noise), cuts).map { (kept: $0, cut: $1) }
    }

    /// `total` as a sum of `count` numbers of at least 1, every such sum as likely as any other.
    private static func partition(_ total: Int, _ count: Int, _ noise: inout Noise) -> [Int] {
        var borders = Array((1..<max(total, 2)).shuffled(using: &noise).prefix(count - 1))
        borders = [0] + borders.sorted() + [total]
        return zip(borders.dropFirst(), borders).map { $0 - $1 }
    }
}
