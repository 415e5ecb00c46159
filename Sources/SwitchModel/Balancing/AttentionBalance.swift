/// Units of an attention layer moved from values to the output's columns, and within a head from keys to queries.
///
/// Attention is linear in the values, and a score is a sum of products of a query's and a key's elements.
struct AttentionBalance {
    /// Between values and the output.
    let values: UnitScales
    /// Between queries and keys: keys of a head become about as large as each other.
    let keys: UnitScales

    /// - Parameters:
    ///   - keys: the largest magnitude in every row that makes an element of a key; nil to move none.
    ///   - output: in every column of `o`; nil to move none.
    init(keys: [Float]?, output: [Float]?, headWidth: Int) {
        values = output.map { UnitScales(peaks: $0, group: $0.count) } ?? .none
        self.keys = keys.map { UnitScales(peaks: $0, group: headWidth) } ?? .none
    }

    var query: LinearScaling { LinearScaling(outputs: keys.unitFactors) }

    /// Of keys and values stacked, each of `inner` rows.
    func keyValue(inner: Int) -> LinearScaling {
        guard keys != .none || values != .none else { return .none }
        let ones = [Float](repeating: 1, count: inner)
        return LinearScaling(
            outputs: (keys == .none ? ones : keys.columnFactors) + (values == .none ? ones : values.unitFactors)
        )
    }

    /// Of queries, keys and values stacked, each of `inner` rows.
    func queryKeyValue(inner: Int) -> LinearScaling {
        let (query, keyValue) = (query.outputs, keyValue(inner: inner).outputs)
        guard !query.isEmpty || !keyValue.isEmpty else { return .none }
        return LinearScaling(outputs: (query.isEmpty ? Array(repeating: 1, count: inner) : query) + keyValue)
    }

    var output: LinearScaling { LinearScaling(inputs: values.columnFactors) }
}
