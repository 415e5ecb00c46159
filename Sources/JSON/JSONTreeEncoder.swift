/// Takes one value apart as its `Encodable` says.
final class JSONTreeEncoder: Encoder {
    /// An empty object until the value asks for a container.
    private(set) var tree = JSONTree.object(JSONTree.Members())
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key: CodingKey>(keyedBy _: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .object(let members) = tree { return KeyedEncodingContainer(KeyedContainer(members: members)) }
        let members = JSONTree.Members()
        tree = .object(members)
        return KeyedEncodingContainer(KeyedContainer(members: members))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .array(let elements) = tree { return UnkeyedContainer(elements: elements) }
        let elements = JSONTree.Elements()
        tree = .array(elements)
        return UnkeyedContainer(elements: elements)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleValueContainer(encoder: self) }
}

extension JSONTreeEncoder {
    private struct SingleValueContainer: SingleValueEncodingContainer {
        let encoder: JSONTreeEncoder
        let codingPath: [any CodingKey] = []

        func encodeNil() { encoder.tree = .literal("null") }

        func encode(_ value: some Encodable) throws { encoder.tree = try JSONTree(value) }
    }

    private struct UnkeyedContainer: UnkeyedEncodingContainer {
        let elements: JSONTree.Elements
        let codingPath: [any CodingKey] = []
        var count: Int { elements.trees.count }

        func encodeNil() { elements.trees.append(.literal("null")) }

        func encode(_ value: some Encodable) throws { elements.trees.append(try JSONTree(value)) }

        func nestedContainer<Key: CodingKey>(keyedBy _: Key.Type) -> KeyedEncodingContainer<Key> {
            let members = JSONTree.Members()
            elements.trees.append(.object(members))
            return KeyedEncodingContainer(KeyedContainer(members: members))
        }

        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            let nested = JSONTree.Elements()
            elements.trees.append(.array(nested))
            return UnkeyedContainer(elements: nested)
        }

        func superEncoder() -> any Encoder {
            let encoder = JSONTreeEncoder()
            elements.trees.append(.encoded(encoder))
            return encoder
        }
    }

    private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let members: JSONTree.Members
        let codingPath: [any CodingKey] = []

        func encodeNil(forKey key: Key) { members.trees.append((key.stringValue, .literal("null"))) }

        func encode(_ value: some Encodable, forKey key: Key) throws {
            members.trees.append((key.stringValue, try JSONTree(value)))
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy _: Nested.Type,
            forKey key: Key
        ) -> KeyedEncodingContainer<Nested> {
            let nested = JSONTree.Members()
            members.trees.append((key.stringValue, .object(nested)))
            return KeyedEncodingContainer(KeyedContainer<Nested>(members: nested))
        }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            let nested = JSONTree.Elements()
            members.trees.append((key.stringValue, .array(nested)))
            return UnkeyedContainer(elements: nested)
        }

        func superEncoder() -> any Encoder { superEncoder(named: "super") }

        func superEncoder(forKey key: Key) -> any Encoder { superEncoder(named: key.stringValue) }

        private func superEncoder(named name: String) -> any Encoder {
            let encoder = JSONTreeEncoder()
            members.trees.append((name, .encoded(encoder)))
            return encoder
        }
    }
}
