import JSON

extension JSONValue {
    /// The elements of a list of whole numbers from 0 on; nil for anything else.
    var sizes: [Int]? {
        guard case .array(let elements) = self else { return nil }
        var sizes: [Int] = []
        for element in elements {
            guard case .integer(let size) = element, size >= 0 else { return nil }
            sizes.append(size)
        }
        return sizes
    }
}
