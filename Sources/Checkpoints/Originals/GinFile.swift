private import Foundation

/// What a gin file (`config.gin`, `operative_config.gin`) sets, name by name; only plain values are understood.
package struct GinFile: Sendable {
    /// Where it is.
    package let path: String
    /// The text of the value by the whole name, scope and module included.
    private let bindings: [(name: String, value: String)]

    /// The largest file that is read.
    package static let maximumBytes = 1 << 20

    /// nil when there is none at `path`.
    init?(_ path: String) throws(CheckpointError) {
        guard let bytes = try BoundedFile.readIfPresent(path, limit: Self.maximumBytes) else { return nil }
        self.init(text: String(decoding: bytes, as: UTF8.self), path: path)
    }

    /// - Parameter path: of the file that holds `text`, for messages.
    package init(text: String, path: String) {
        self.path = path
        var bindings: [(name: String, value: String)] = []
        for statement in Self.statements(text) {
            guard let equals = statement.firstIndex(of: "=") else { continue }
            let name = statement[..<equals].trimmingCharacters(in: .whitespaces)
            let value = statement[statement.index(after: equals)...].trimmingCharacters(in: .whitespaces)
            bindings.append((name, value))
        }
        self.bindings = bindings
    }

    /// Lines without their comments, joined where a backslash or an open bracket goes on.
    private static func statements(_ text: String) -> [String] {
        var statements: [String] = []
        var (pending, depth) = ("", 0)
        for line in text.split(whereSeparator: \.isNewline) {
            var line = line.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
            let goesOn = line.hasSuffix("\\")
            if goesOn { line.removeLast() }
            pending += (pending.isEmpty ? "" : " ") + line
            for character in line { depth += "([{".contains(character) ? 1 : ")]}".contains(character) ? -1 : 0 }
            guard !goesOn, depth <= 0 else { continue }
            if !pending.isEmpty { statements.append(pending) }
            (pending, depth) = ("", 0)
        }
        return statements + (pending.isEmpty ? [] : [pending])
    }

    /// The value of the last setting whose name ends with `suffix`, whole parts of it, macros followed; nil without one.
    ///
    /// - Returns: the name as it is in the file, and the value's text.
    package func value(_ suffix: String) -> (name: String, text: String)? {
        guard let found = bindings.last(where: { Self.ends($0.name, with: suffix) }) else { return nil }
        var text = found.value
        for _ in 0..<8 {
            guard text.hasPrefix("%") else { break }
            let macro = String(text.dropFirst())
            guard let next = bindings.last(where: { $0.name == macro || $0.name == macro + ".value" }) else { break }
            text = next.value
        }
        return (found.name, text)
    }

    /// The words in quotes in a value: `('gelu', 'linear')` has two.
    package static func words(_ text: String) -> [String] {
        var words: [String] = []
        for (index, part) in text.split(separator: "'", omittingEmptySubsequences: false).enumerated()
        where index % 2 == 1 {
            words.append(String(part))
        }
        return words
    }

    private static func ends(_ name: String, with suffix: String) -> Bool {
        guard name.hasSuffix(suffix) else { return false }
        let before = name.dropLast(suffix.count).last
        return before == nil || before == "." || before == "/"
    }
}
