extension UInt8 {
    var isDigit: Bool { self >= 48 && self <= 57 }

    var isHexDigit: Bool { hexValue != nil }

    /// The value of a hexadecimal digit.
    var hexValue: Int? {
        switch self {
        case 48...57: Int(self) - 48
        case 65...70: Int(self) - 55
        case 97...102: Int(self) - 87
        default: nil
        }
    }

    /// `tchar` of RFC 9110 §5.6.2.
    var isTokenCharacter: Bool {
        switch self {
        case 48...57, 65...90, 97...122: true
        case 33, 35...39, 42, 43, 45, 46, 94...96, 124, 126: true
        default: false
        }
    }
}
