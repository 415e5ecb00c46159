import Foundation

/// The run's log: a JSON object on each line.
package final class TrainingLog {
    private let file: FileHandle
    private let encoder = JSONEncoder.ofRuns()

    /// Goes on with a log, without the lines of steps after `step`, which are done again.
    ///
    /// From step 0 it begins anew.
    ///
    /// - Throws: `TrainingError.unwritable`.
    package init(_ path: String, goingOnFrom step: Int) throws(TrainingError) {
        let kept = Self.lines(path).filter { step > 0 && ($0.step ?? 0) <= step }
        let text = kept.map { $0.text + "\n" }.joined()
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)),
            let file = FileHandle(forWritingAtPath: path)
        else { throw .unwritable(path: path, reason: "it cannot be made") }
        self.file = file
        _ = try? file.seekToEnd()
    }

    /// Appends a line; the disk is not waited for.
    ///
    /// - Throws: `TrainingError.unwritable`.
    package func write(_ line: some Encodable) throws(TrainingError) {
        do {
            try file.write(contentsOf: encoder.encode(line) + Data("\n".utf8))
        } catch {
            throw .unwritable(path: "the log", reason: "\(error)")
        }
    }

    private struct Step: Decodable {
        var step: Int?
    }

    /// The complete lines of a log and the steps they are of.
    private static func lines(_ path: String) -> [(text: String, step: Int?)] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            guard let step = try? JSONDecoder().decode(Step.self, from: Data(line.utf8)) else { return nil }
            return (String(line), step.step)
        }
    }
}
