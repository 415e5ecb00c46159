import Foundation

extension ChatTemplate {
    /// Reads a file.
    ///
    /// - Throws: what is wrong with it, as one sentence.
    package init(contentsOf file: String) throws(ChatTemplateError) {
        let url = URL(filePath: file).resolvingSymlinksInPath()
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: url.path) else {
            throw .unreadable(file: file)
        }
        let size = attributes[.size] as? Int ?? .max
        guard attributes[.type] as? FileAttributeType == .typeRegular, size <= Self.maximumBytes else {
            throw .malformed(file: file, reason: "it must be a file of at most \(Self.maximumBytes) bytes")
        }
        guard let data = FileManager.default.contents(atPath: url.path) else { throw .unreadable(file: file) }
        try self.init(Array(data), file: file)
    }
}

/// Why a file does not say how conversations are written down.
package enum ChatTemplateError: Error, Equatable, CustomStringConvertible {
    case unreadable(file: String)
    case malformed(file: String, reason: String)

    package var description: String {
        switch self {
        case .unreadable(let file): "--chat-prompt must be last-user, joined or a file, but \(file) cannot be read"
        case .malformed(let file, let reason): "the chat prompt file \(file) cannot be followed: \(reason)"
        }
    }
}
