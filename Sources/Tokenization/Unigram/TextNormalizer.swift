private import Foundation

/// What happens to text before it is cut into words: the `normalizer` of a `tokenizer.json`.
struct TextNormalizer: Sendable {
    private enum Step: Sendable {
        case precompiled(PrecompiledCharsmap)
        case strip(left: Bool, right: Bool)
        /// Replaces runs of at least two spaces.
        case replaceSpaces(with: String)
        case replace(String, with: String)
    }

    private let steps: [Step]

    /// - Parameter component: nil leaves text as it is.
    /// - Throws: `TokenizerError.unsupported` for what would normalise otherwise than this type knows.
    init(_ component: TokenizerDescription.Component?, file: String) throws(TokenizerError) {
        steps = try component.map { component throws(TokenizerError) in try Self.steps(component, file) } ?? []
    }

    private static func steps(
        _ component: TokenizerDescription.Component,
        _ file: String
    ) throws(TokenizerError) -> [Step] {
        switch component.type {
        case "Sequence":
            var steps: [Step] = []
            for part in component.normalizers ?? [] { steps += try Self.steps(part, file) }
            return steps
        case "Precompiled":
            guard let text = component.precompiled_charsmap, let bytes = Data(base64Encoded: text),
                let charsmap = PrecompiledCharsmap([UInt8](bytes))
            else { throw .malformed(file: file, reason: "'precompiled_charsmap' of the normalizer is broken") }
            return [.precompiled(charsmap)]
        case "Strip":
            return [.strip(left: component.strip_left ?? true, right: component.strip_right ?? true)]
        case "Replace": return [try replacement(component, file)]
        default: throw .unsupported(file: file, component: "normalizer '\(component.type)'")
        }
    }

    private static func replacement(
        _ component: TokenizerDescription.Component,
        _ file: String
    ) throws(TokenizerError) -> Step {
        guard let content = component.content else {
            throw .malformed(file: file, reason: "the normalizer 'Replace' has no 'content'")
        }
        if let text = component.pattern?.String, !text.isEmpty { return .replace(text, with: content) }
        guard component.pattern?.Regex == " {2,}" else {
            let pattern = component.pattern?.Regex ?? ""
            throw .unsupported(file: file, component: "normalizer 'Replace' of '\(pattern)'")
        }
        return .replaceSpaces(with: content)
    }

    func callAsFunction(_ text: String) -> String {
        steps.reduce(text) { text, step in
            switch step {
            case .precompiled(let charsmap): charsmap.normalize(text)
            case .strip(let left, let right): Self.stripped(text, left: left, right: right)
            case .replaceSpaces(let content): Self.replacingSpaces(in: text, with: content)
            case .replace(let pattern, let content):
                String(
                    decoding: Array(text.utf8).replacing(Array(pattern.utf8), with: Array(content.utf8)),
                    as: UTF8.self
                )
            }
        }
    }

    private static func stripped(_ text: String, left: Bool, right: Bool) -> String {
        var scalars = text.unicodeScalars[...]
        while left, let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        while right, let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return String(scalars)
    }

    private static func replacingSpaces(in text: String, with content: String) -> String {
        var result: [UInt8] = []
        var spaces = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: " ") {
                spaces += 1
                continue
            }
            if spaces > 1 { result += content.utf8 } else if spaces == 1 { result.append(UInt8(ascii: " ")) }
            spaces = 0
            result.append(byte)
        }
        if spaces > 1 { result += content.utf8 } else if spaces == 1 { result.append(UInt8(ascii: " ")) }
        return String(decoding: result, as: UTF8.self)
    }
}
