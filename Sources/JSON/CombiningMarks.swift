/// Marks that are put on the letter before them: scalars whose canonical combining class is not 0 (Unicode, section 3.11).
package enum CombiningMarks {
    /// None is below.
    private static let first: Unicode.Scalar = "\u{300}"

    /// Whether `text` has more than `limit` of them in a row.
    ///
    /// Two strings or characters are compared, and hashed, with such marks in order, which takes time that grows with the
    /// square of how many there are.
    package static func exceed(_ limit: Int, in text: String) -> Bool {
        var marks = 0
        for scalar in text.unicodeScalars {
            guard scalar >= first, scalar.properties.canonicalCombiningClass != .notReordered else {
                marks = 0
                continue
            }
            marks += 1
            if marks > limit { return true }
        }
        return false
    }
}
