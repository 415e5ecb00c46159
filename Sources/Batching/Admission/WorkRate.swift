import Foundation

/// How fast the engine finishes what it accepted, measured while it works.
///
/// Work is counted in the tokens a request could come to, so that requests that stop early count in full both when they
/// wait and when they are done.
struct WorkRate: Sendable {
    /// Work time after which what was measured counts for a third.
    private static let memory = 20.0
    /// Work time below which nothing is said.
    private static let least = 0.05

    private var seconds = 0.0
    private var tokens = 0.0

    /// The engine worked for a while, and finished requests of so many tokens.
    mutating func measured(seconds more: Double, finishedTokens: Int) {
        let kept = exp(-more / Self.memory)
        seconds = seconds * kept + more
        tokens = tokens * kept + Double(finishedTokens)
    }

    /// How long so much work takes; nil before anything was finished.
    func time(for work: Int) -> Duration? {
        guard seconds >= Self.least, tokens > 0 else { return nil }
        return .seconds(Double(work) * seconds / tokens)
    }
}
