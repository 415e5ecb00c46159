package import HTTPTypes

extension HTTPFields {
    /// The values of a field made of words, which are ASCII (RFC 9110, section 5.6.2); a question mark, which is in no word,
    /// stands for each byte that is not.
    ///
    /// Text is compared as Unicode has it, in time that grows with the square of the marks on a letter.
    package subscript(words name: HTTPField.Name) -> [String] { self[values: name].map(\.inASCII) }
}

extension String {
    fileprivate var inASCII: String {
        utf8.allSatisfy { $0 < 0x80 }
            ? self : String(decoding: utf8.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}
