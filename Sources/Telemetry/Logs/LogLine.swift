/// Builds one line of a log, out of which no value can break.
///
/// Text is `time level message name=value …` with blanks, quotes, percent signs and everything outside of ASCII's
/// visible characters percent-encoded in values; JSON is one object.
struct LogLine {
    enum Format: Sendable { case text, json }

    private let format: Format
    private(set) var bytes: [UInt8] = []

    init(_ format: Format, time: LogTime, level: String, message: String) {
        self.format = format
        bytes.reserveCapacity(512)
        switch format {
        case .text:
            bytes.append(contentsOf: "\(time.text) \(level) \(message)".utf8)
        case .json:
            bytes.append(UInt8(ascii: "{"))
            add("ts", time.text)
            add("level", level)
            add("message", message)
        }
    }

    mutating func add(_ name: String, _ value: String) {
        begin(name)
        switch format {
        case .text: appendPercentEncoded(value)
        case .json: appendQuoted(value)
        }
    }

    mutating func add(_ name: String, _ value: Int) {
        begin(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func add(_ name: String, _ value: Bool) {
        begin(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Not a number and the infinities are left out: JSON has none.
    mutating func add(_ name: String, _ value: Double) {
        guard value.isFinite else { return }
        begin(name)
        bytes.append(contentsOf: value.description.utf8)
    }

    /// Milliseconds with three decimals.
    mutating func add(_ name: String, milliseconds duration: Duration) {
        let microseconds = Int((duration / .microseconds(1)).rounded())
        let fraction = String(microseconds.magnitude % 1000)
        begin(name)
        bytes.append(contentsOf: "\(microseconds / 1000).".utf8)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 3 - fraction.utf8.count))
        bytes.append(contentsOf: fraction.utf8)
    }

    /// The whole line, without a line feed.
    func finished() -> [UInt8] { format == .json ? bytes + [UInt8(ascii: "}")] : bytes }

    private mutating func begin(_ name: String) {
        switch format {
        case .text:
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: name.utf8)
            bytes.append(UInt8(ascii: "="))
        case .json:
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            appendQuoted(name)
            bytes.append(UInt8(ascii: ":"))
        }
    }

    private mutating func appendPercentEncoded(_ value: String) {
        for byte in value.utf8 {
            if byte > 32, byte < 127, byte != UInt8(ascii: "%"), byte != UInt8(ascii: "\"") {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                appendHexadecimal(byte)
            }
        }
    }

    private mutating func appendQuoted(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in value.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C:
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            case 0..<32, 0x7F..<0xA0, 0x2028, 0x2029:
                bytes.append(contentsOf: "\\u".utf8)
                appendHexadecimal(UInt8(truncatingIfNeeded: scalar.value >> 8))
                appendHexadecimal(UInt8(truncatingIfNeeded: scalar.value))
            default: bytes.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendHexadecimal(_ byte: UInt8) {
        for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? 48 + digit : 55 + digit) }
    }
}
