/// The byte classes of RFC 9110 §5.6 and RFC 9112.
extension UInt8 {
    static let carriageReturn: Self = 13
    static let lineFeed: Self = 10
    static let space: Self = 32
    static let tab: Self = 9

    var isDigit: Bool { self >= 48 && self <= 57 }

    var isVisible: Bool { self >= 33 && self <= 126 }

    var isAlphanumeric: Bool { isDigit || (self | 32 >= 97 && self | 32 <= 122) }

    /// `tchar` of RFC 9110 §5.6.2.
    var isToken: Bool {
        if isAlphanumeric { return true }
        switch self {
        case 33, 35, 36, 37, 38, 39, 42, 43, 45, 46, 94, 95, 96, 124, 126: return true
        default: return false
        }
    }

    /// Allowed inside a field value: visible, space, tab and the opaque upper half.
    var isFieldText: Bool { self >= 32 && self != 127 || self == .tab }

    var hexadecimalValue: Int? {
        switch self {
        case 48...57: Int(self) - 48
        case 65...70: Int(self) - 55
        case 97...102: Int(self) - 87
        default: nil
        }
    }
}

extension ArraySlice<UInt8> {
    /// Without spaces and tabs at either end.
    var trimmed: Self {
        var slice = self
        while let first = slice.first, first == .space || first == .tab { slice = slice.dropFirst() }
        while let last = slice.last, last == .space || last == .tab { slice = slice.dropLast() }
        return slice
    }
}
