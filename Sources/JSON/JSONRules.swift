/// What readers of JSON decide differently; the grammar is RFC 8259's for all of them.
package struct JSONRules: Equatable, Sendable {
    /// What two members with the same name in one object mean (RFC 8259, section 4, leaves it open).
    package enum DuplicateNames: Equatable, Sendable {
        case refused
        /// As in Python's `json`.
        case lastCounts
    }

    /// What becomes of U+FEFF before the value (RFC 8259, section 8.1, allows both).
    package enum ByteOrderMark: Equatable, Sendable {
        case refused
        case ignored
    }

    /// The greatest `maximumDepth`: a level takes stack while a value is read and freed, at most 3 KiB in a debug build.
    package static let greatestDepth = 128

    /// Objects and arrays inside one another, from 0, which allows none.
    package let maximumDepth: Int
    package let duplicateNames: DuplicateNames
    package let byteOrderMark: ByteOrderMark
    /// Combining marks in a row that a text may have; nil for any number, which then must not come from just anyone.
    package let maximumMarks: Int?

    /// - Parameter maximumDepth: at most `greatestDepth`.
    package init(
        maximumDepth: Int = 16,
        duplicateNames: DuplicateNames = .refused,
        byteOrderMark: ByteOrderMark = .refused,
        maximumMarks: Int? = nil
    ) {
        precondition((0...Self.greatestDepth).contains(maximumDepth), "a depth of \(maximumDepth)")
        self.maximumDepth = maximumDepth
        self.duplicateNames = duplicateNames
        self.byteOrderMark = byteOrderMark
        self.maximumMarks = maximumMarks
    }
}
