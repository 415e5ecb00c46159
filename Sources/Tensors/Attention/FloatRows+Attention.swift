private import CKernels

/// Which keys a query may look at.
package enum Masking: Sendable {
    case none
    /// Those at its own position and before.
    case causal
}

/// What attention does with the scores of one head, `[queries, keys]`.
extension FloatRows {
    /// Adds a bias by distance: element (query, key) gets column `center + key - query` of the one row of `table`.
    package func addDiagonals(_ table: FloatRows, center: Int) {
        precondition(table.rows == 1 && center - rows + 1 >= 0 && center + columns <= table.columns)
        for row in 0..<rows { ck_add_scaled_f32(table.base + center - row, 1, base + row * stride, columns) }
    }

    /// Adds the elements to the bias they would get from `addDiagonals`: its gradient.
    package func sumDiagonals(into table: FloatRows, center: Int) {
        precondition(table.rows == 1 && center - rows + 1 >= 0 && center + columns <= table.columns)
        for row in 0..<rows { ck_add_scaled_f32(base + row * stride, 1, table.base + center - row, columns) }
    }

    /// Turns the scores of every query into probabilities; of keys it may not look at, into 0.
    package func softmax(_ masking: Masking) {
        switch masking {
        case .none: softmax()
        case .causal:
            for row in 0..<rows {
                let seen = min(row + 1, columns)
                ck_softmax_f32(base + row * stride, seen)
                (base + row * stride + seen).update(repeating: 0, count: columns - seen)
            }
        }
    }
}
