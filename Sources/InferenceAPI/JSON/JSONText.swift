import Foundation

/// Writes answers as JSON.
///
/// The same answer is always the same bytes: members are sorted by name.
enum JSONText {
    static func bytes(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(value))
        } catch {
            preconditionFailure("an answer holds a value JSON cannot: \(error)")
        }
    }
}
