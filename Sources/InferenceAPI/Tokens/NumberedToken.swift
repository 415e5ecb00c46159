/// A token with the text it stands for where it is.
struct NumberedToken: Encodable, Sendable {
    var id: Int32
    var text: String

    /// - Parameter texts: of as many tokens.
    static func list(_ ids: [Int32], _ texts: [String]) -> [NumberedToken] {
        zip(ids, texts).map { NumberedToken(id: $0, text: $1) }
    }
}
