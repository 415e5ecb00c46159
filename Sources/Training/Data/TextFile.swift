import Foundation

/// Files of text.
package enum TextFile {
    /// The largest file that is read: all of it is held in memory.
    package static let maximumBytes = 4 << 30

    /// The whole text, unpacked when the name ends in `.gz`; bytes that are not UTF-8 become replacement characters, which
    /// `encodingFaults` counts.
    ///
    /// - Parameter limit: of the file's bytes, or of those it unpacks to.
    ///
    /// - Throws: `TrainingError.unreadable`, also for a file that begins as UTF-16 does, and `.tooLarge`.
    package static func text(_ path: String, limit: Int = maximumBytes) throws(TrainingError) -> String {
        String(decoding: try bytes(path, limit: limit), as: UTF8.self)
    }

    /// As `text`, but bytes that are not UTF-8 are an error.
    ///
    /// - Throws: `TrainingError.unreadable` and `.tooLarge`.
    package static func exactText(_ path: String, limit: Int = maximumBytes) throws(TrainingError) -> String {
        guard let text = String(validating: try bytes(path, limit: limit), as: UTF8.self) else {
            throw .unreadable(file: path, reason: "it is not UTF-8")
        }
        return text
    }

    /// Files with lines that are not UTF-8.
    ///
    /// - Throws: what `text` throws.
    package static func encodingFaults(in paths: [String]) throws(TrainingError) -> [EncodingFault] {
        var faults: [EncodingFault] = []
        for path in paths {
            if let fault = EncodingFault(try bytes(path, limit: maximumBytes), file: path) { faults.append(fault) }
        }
        return faults
    }

    /// Without a mark that it is UTF-8.
    private static func bytes(_ path: String, limit: Int) throws(TrainingError) -> Data {
        let bytes = try allBytes(path, limit: limit)
        guard !EncodingFault.isWide(bytes) else {
            throw .unreadable(
                file: path,
                reason: "it begins with the mark of UTF-16 or UTF-32: write it as UTF-8 first"
            )
        }
        return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes
    }

    private static func allBytes(_ path: String, limit: Int) throws(TrainingError) -> Data {
        if path.hasSuffix(".gz") { return Data(try GzipFile.bytes(path, limit: limit)) }
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let size = attributes[.size] as? Int ?? 0
            guard size <= limit else { throw TrainingError.tooLarge(file: path, bytes: size, limit: limit) }
            return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .unreadable(file: path, reason: (error as NSError).localizedDescription)
        }
    }

    /// The lines, without what ends them; an end at the end of the text begins no line.
    ///
    /// - Throws: what `text` throws.
    package static func lines(_ path: String, limit: Int = maximumBytes) throws(TrainingError) -> [String] {
        lines(of: try text(path, limit: limit))
    }

    /// As `lines`, of text that is there already.
    package static func lines(of text: String) -> [String] {
        let bytes = text.utf8
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            String(Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
        }
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    /// Pairs of a file of lines `source <tab> target`; further columns are ignored, and so are empty lines.
    ///
    /// - Throws: `TrainingError.notPairs` for a line without a tab, and what `text` throws.
    package static func pairs(_ path: String, limit: Int = maximumBytes) throws(TrainingError) -> [TextPair] {
        var pairs: [TextPair] = []
        for (index, line) in try lines(path, limit: limit).enumerated() where !line.isEmpty {
            let columns = line.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            guard columns.count >= 2 else { throw .notPairs(file: path, line: index + 1, columns: columns.count) }
            pairs.append(TextPair(source: String(Substring(columns[0])), target: String(Substring(columns[1]))))
        }
        return pairs
    }

    /// Pairs of two files, a line of one for a line of the other.
    ///
    /// - Throws: `TrainingError.unequalLines`, and what `text` throws.
    package static func pairs(source: String, target: String) throws(TrainingError) -> [TextPair] {
        let (sources, targets) = (try lines(source), try lines(target))
        guard sources.count == targets.count else {
            throw .unequalLines(
                source: source,
                sourceLines: sources.count,
                target: target,
                targetLines: targets.count
            )
        }
        return zip(sources, targets).map { TextPair(source: $0, target: $1) }
    }
}

/// A text and what should be made of it.
package struct TextPair: Hashable, Sendable {
    package var source: String
    package var target: String

    package init(source: String, target: String) { (self.source, self.target) = (source, target) }
}
