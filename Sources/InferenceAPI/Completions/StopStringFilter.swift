/// Passes text on until a stop string appears, holding back what may turn out to be the start of one.
///
/// The outcome does not depend on how the text is cut into pieces: the stop string that is complete first wins, and
/// of two complete at the same character the longer one.
struct StopStringFilter: Sendable {
    private let stops: [(text: String, bytes: [UInt8])]
    private let includesStop: Bool
    private var held: [UInt8] = []
    /// The stop string that was found, after which nothing passes.
    private(set) var matched: String?

    init(_ stops: [String], includesStop: Bool) {
        self.stops = stops.map { ($0, Array($0.utf8)) }.sorted { $0.bytes.count > $1.bytes.count }
        self.includesStop = includesStop
    }

    /// The text that became certain with the next piece; often empty.
    mutating func append(_ text: String) -> String {
        guard matched == nil else { return "" }
        guard !stops.isEmpty else { return text }
        var certain: [UInt8] = []
        for byte in text.utf8 {
            held.append(byte)
            if let stop = stops.first(where: { held.ends(with: $0.bytes) }) {
                matched = stop.text
                certain += includesStop ? held[...] : held.dropLast(stop.bytes.count)
                held = []
                break
            }
            let kept = longestStart(in: held)
            certain += held.dropLast(kept)
            held.removeFirst(held.count - kept)
        }
        return String(decoding: certain, as: UTF8.self)
    }

    /// What was held back, once no more text comes.
    mutating func finish() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    /// The length of the longest end of `bytes` that is the start of a stop string.
    private func longestStart(in bytes: [UInt8]) -> Int {
        for length in stride(from: min(bytes.count, stops[0].bytes.count - 1), to: 0, by: -1) {
            let end = bytes.suffix(length)
            if stops.contains(where: { $0.bytes.count > length && $0.bytes.starts(with: end) }) { return length }
        }
        return 0
    }
}

extension [UInt8] {
    fileprivate func ends(with other: [UInt8]) -> Bool {
        count >= other.count && suffix(other.count).elementsEqual(other)
    }
}
