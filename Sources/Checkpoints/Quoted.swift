/// Puts text from a file into an error message: in quotes, on one line, at most 160 characters.
func quoted(_ text: String) -> String {
    let line = text.unicodeScalars.prefix(160).map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : String($0) }
    return "'" + line.joined() + (text.unicodeScalars.count > 160 ? "…'" : "'")
}
