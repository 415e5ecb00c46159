import Foundation
import Training

/// The texts that experts' weights are rounded for.
struct CalibrationText {
    /// A line of the file.
    struct Line: Equatable {
        /// What the model reads.
        var source: String
        /// What it is to answer; nil for its own answer.
        var target: String?

        /// What a language model reads.
        var whole: String { target.map { "\(source)\t\($0)" } ?? source }
    }

    let lines: [Line]

    /// The largest file that is read.
    static let maximumBytes = 1 << 30

    /// Reads a file of a text a line, or of a text, a tab and its answer; empty lines count for nothing.
    ///
    /// A file whose name ends in `.gz` is unpacked.
    ///
    /// - Throws: `CalibrationError`.
    init(file: String) throws(CalibrationError) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory) else { throw .missing(file) }
        guard !isDirectory.boolValue else { throw .isDirectory(file) }
        let text: String
        do {
            text = try TextFile.exactText(file, limit: Self.maximumBytes)
        } catch {
            throw .unreadable("\(error)")
        }
        try self.init(text, file: file)
    }

    /// - Parameter file: its name, for errors.
    init(_ text: String, file: String) throws(CalibrationError) {
        lines = TextFile.lines(of: text).compactMap { line in
            let columns = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            guard let source = columns.first, !source.allSatisfy(\.isWhitespace) else { return nil }
            return Line(source: String(source), target: columns.count > 1 ? String(columns[1]) : nil)
        }
        guard !lines.isEmpty else { throw .empty(file) }
    }
}

/// Why a calibration could not be made.
enum CalibrationError: Error, Equatable, CustomStringConvertible {
    case missing(String)
    case isDirectory(String)
    case unreadable(String)
    case empty(String)
    case noTokenizer(directory: String)
    /// Keys and values of one text do not fit.
    case noRoom(positions: Int, bytes: Int)

    var description: String {
        switch self {
        case .missing(let file): "'\(file)' does not exist; --calibration is a file of texts, one a line"
        case .isDirectory(let file): "'\(file)' is a directory; --calibration is a file of texts, one a line"
        case .unreadable(let reason): reason
        case .empty(let file): "'\(file)' has no text in it; --calibration is a file of texts, one a line"
        case .noTokenizer(let directory): "'\(directory)' has no tokenizer, which --calibration needs"
        case .noRoom(let positions, let bytes):
            "a text of the calibration takes \(positions) positions, more than \(bytes) bytes of --cache-memory hold"
        }
    }
}
