package import Foundation

/// A copy of one of the directories in `Tests/Parity/Fixtures` that a test may change; it goes with the value.
package final class FixtureCopy: Sendable {
    package let url: URL

    package init(of name: String) throws {
        url = FileManager.default.temporaryDirectory.appending(path: "fixture-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: Self.fixtures.appending(path: name), to: url)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    package static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Parity/Fixtures")

    package var path: String { url.path }

    /// Makes a file of the copy, or writes over it.
    package func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: url.appending(path: name))
    }

    /// Puts other text where a file of the copy has `old`.
    package func replace(_ old: String, with new: String, in name: String) throws {
        let text = try String(contentsOf: url.appending(path: name), encoding: .utf8)
        precondition(text.contains(old), "\(name) has no \(old)")
        try write(text.replacingOccurrences(of: old, with: new), to: name)
    }

    package func remove(_ name: String) throws {
        try FileManager.default.removeItem(at: url.appending(path: name))
    }

    package func move(_ names: [String], into folder: String) throws {
        try FileManager.default.createDirectory(at: url.appending(path: folder), withIntermediateDirectories: true)
        for name in names {
            try FileManager.default.moveItem(
                at: url.appending(path: name),
                to: url.appending(path: folder).appending(path: name)
            )
        }
    }
}
