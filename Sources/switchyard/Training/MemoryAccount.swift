import Foundation
import Training

/// A run's need of memory in words.
struct MemoryAccount {
    private let need: MemoryNeed

    init(_ need: MemoryNeed) { self.need = need }

    /// All of it, and by part.
    var text: String { "memory: at most \(Self.readable(need.total)): \(parts)" }

    /// Why a run does not begin, and what would let it.
    ///
    /// - Parameter limit: in bytes.
    func refusal(_ advice: MemoryAdvice, limit: Int) -> String {
        let start =
            "the run may need \(Self.readable(need.total)) of memory (\(parts)), and \(Self.readable(limit)) is there: "
        guard let flags = advice.flags else {
            return start + "whatever is set, it needs \(Self.readable(advice.least)); a larger --memory lets it try"
        }
        return start + "it would fit with \(flags.joined(separator: " ")), and a larger --memory lets it try as it is"
    }

    private var parts: String {
        need.parts.map { "\($0.name) \(Self.readable($0.bytes))" }.joined(separator: ", ")
    }

    private static func readable(_ bytes: Int) -> String {
        bytes < 1 << 30
            ? String(format: "%.1f MB", Double(bytes) / 1e6) : String(format: "%.2f GB", Double(bytes) / 1e9)
    }
}
