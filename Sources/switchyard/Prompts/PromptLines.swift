import Foundation
import Training

/// Lines of standard input as they come, those counted that are not UTF-8.
struct PromptLines {
    private let input = FileHandle.standardInput
    private var buffer = Data()
    private var hasEnded = false
    private var number = 0
    private(set) var lines = 0
    private(set) var first = 0

    /// Why nothing is read on.
    enum Failure: Error, CustomStringConvertible {
        case wide

        var description: String { "standard input begins with the mark of UTF-16 or UTF-32: write it as UTF-8 first" }
    }

    /// The next line, without what ends it; nil at the end.
    ///
    /// - Throws: `Failure.wide`.
    mutating func next() throws -> String? {
        while !hasEnded {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeSubrange(buffer.startIndex...end) }
                return try text(buffer[..<end])
            }
            let more = input.availableData
            hasEnded = more.isEmpty
            buffer.append(more)
        }
        guard !buffer.isEmpty else { return nil }
        defer { buffer.removeAll() }
        return try text(buffer)
    }

    private mutating func text(_ line: Data) throws -> String {
        number += 1
        if number == 1, EncodingFault.isWide(line) { throw Failure.wide }
        let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard let text = String(validating: line, as: UTF8.self) else {
            lines += 1
            if first == 0 { first = number }
            return String(decoding: line, as: UTF8.self)
        }
        return text
    }

    /// What was wrong with them; nil where nothing was.
    var fault: EncodingFault? { EncodingFault(file: "standard input", lines: lines, first: first) }
}
