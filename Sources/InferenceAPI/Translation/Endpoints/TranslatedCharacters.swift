import Synchronization

/// Counts the characters of texts that were translated since the start.
final class TranslatedCharacters: Sendable {
    private let counted = Atomic<Int>(0)

    var count: Int { counted.load(ordering: .relaxed) }

    func add(_ characters: Int) {
        counted.wrappingAdd(characters, ordering: .relaxed)
    }
}
