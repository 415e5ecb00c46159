import Foundation
import Glibc
import Logging

/// Shows how far long work has come: a bar that is redrawn on a terminal, one log line elsewhere.
final class ProgressLine {
    private let title: String
    private let total: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let started = ContinuousClock.now
    private var done = 0
    private var shownPercent = -1

    private static let width = 30

    /// - Parameter total: units of work; 0 shows nothing until the end.
    init(_ title: String, total: Int) {
        self.title = title
        self.total = max(total, 1)
    }

    /// How much is done, from 0 to 1.
    var fraction: Double { Double(done) / Double(total) }

    /// Adds finished units of work; draws again where a percent was passed.
    func advance(by amount: Int) {
        done = min(total, done + amount)
        let percent = done * 100 / total
        guard isTerminal, percent != shownPercent else { return }
        shownPercent = percent
        write("\r\(title) \(Self.bar(done, of: total, width: Self.width)) \(percent)%")
    }

    /// Blocks for what is done and shades for what is left.
    static func bar(_ done: Int, of total: Int, width: Int) -> String {
        let filled = width * min(done, total) / max(total, 1)
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }

    /// Clears the bar and logs the seconds it took.
    func finish(logger: Logger?) {
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        if isTerminal { write("\r\u{1B}[K") }
        logger?.info("\(title): done", metadata: ["seconds": "\(String(format: "%.2f", seconds))"])
    }

    private func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
