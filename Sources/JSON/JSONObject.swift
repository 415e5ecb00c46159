/// The members of a JSON object.
///
/// Names are the same when their bytes are (RFC 8259, section 8.3): `é` and `e` with an accent on it are two. What Unicode
/// takes for equal would have to be found by putting names in its normal form, which takes time that grows with the square
/// of the marks on a letter.
package struct JSONObject: Equatable, Sendable {
    private var members: [Name: JSONValue]

    /// Without members.
    package init() { members = [:] }

    /// The member of that name; nil where there is none.
    package subscript(name: String) -> JSONValue? {
        get { members[Name(name)] }
        set { members[Name(name)] = newValue }
    }

    /// How many members there are.
    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }

    /// In no order.
    package var names: [String] { members.keys.map(\.text) }

    /// In the order of their bytes.
    package var sortedNames: [String] { names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    /// Adds a member, or replaces it.
    ///
    /// - Returns: what it was before; nil where it is new.
    package mutating func updateValue(_ value: JSONValue, forName name: String) -> JSONValue? {
        members.updateValue(value, forKey: Name(name))
    }

    /// Takes a member out.
    ///
    /// - Returns: what it was; nil where there was none.
    package mutating func removeValue(forName name: String) -> JSONValue? { members.removeValue(forKey: Name(name)) }

    /// The members of both; of those with the same name that of `other`.
    package func merging(_ other: JSONObject) -> JSONObject {
        var merged = self
        merged.members.merge(other.members) { $1 }
        return merged
    }

    /// The members with other names than these.
    package func without(_ names: some Sequence<String>) -> JSONObject {
        let names = Set(names.map(Name.init))
        var rest = JSONObject()
        rest.members = members.filter { !names.contains($0.key) }
        return rest
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Of members with the same name the last one counts.
    package init(dictionaryLiteral members: (String, JSONValue)...) {
        self.init()
        for (name, value) in members { self[name] = value }
    }
}

extension JSONObject: Sequence {
    /// Members in no order.
    package func makeIterator() -> some IteratorProtocol<(name: String, value: JSONValue)> {
        members.lazy.map { (name: $0.key.text, value: $0.value) }.makeIterator()
    }
}

extension JSONObject {
    /// A name that equals another by its bytes.
    private struct Name: Hashable {
        let text: String

        init(_ text: String) { self.text = text }

        static func == (one: Name, other: Name) -> Bool {
            one.text.utf8.count == other.text.utf8.count && one.text.utf8.elementsEqual(other.text.utf8)
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(text.utf8.count)
            text.utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }
}
