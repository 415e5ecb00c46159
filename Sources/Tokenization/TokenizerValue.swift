import JSON

/// A value in one of the files of a tokenizer, and where in it.
///
/// What it is asked for and is not throws `TokenizerError.malformed`, which says the place.
struct TokenizerValue {
    let json: JSONValue
    let file: String
    /// Names and indices on the way from the file's own value, with points between them.
    let path: String

    /// As deep as `tokenizers` reads, and of members with the same name the last, as transformers does.
    private static let rules = JSONRules(
        maximumDepth: 128,
        duplicateNames: .lastCounts,
        byteOrderMark: .ignored
    )

    private init(_ json: JSONValue, file: String, path: String) {
        self.json = json
        self.file = file
        self.path = path
    }

    /// - Parameter file: for error messages.
    init(_ bytes: [UInt8], file: String) throws(TokenizerError) {
        do {
            self.init(try JSONParser.parse(bytes, Self.rules), file: file, path: "")
        } catch {
            throw .malformed(file: file, reason: "\(error)")
        }
    }

    /// The member called `name`, nil when it is absent or null.
    func member(_ name: String) throws(TokenizerError) -> TokenizerValue? {
        guard case .object(let members) = json else { throw mismatch("an object") }
        guard let member = members[name], member != .null else { return nil }
        return inside(name, member)
    }

    func required(_ name: String) throws(TokenizerError) -> TokenizerValue {
        if let member = try member(name) { return member }
        throw .malformed(file: file, reason: "\(subject) has no '\(name)'")
    }

    /// What `make` makes of every element of the array called `name`, nil when it is absent or null.
    func list<Element>(
        _ name: String,
        _ make: (TokenizerValue) throws(TokenizerError) -> Element
    ) throws(TokenizerError) -> [Element]? {
        guard let member = try member(name) else { return nil }
        return try member.elements(make)
    }

    func elements<Element>(
        _ make: (TokenizerValue) throws(TokenizerError) -> Element
    ) throws(TokenizerError) -> [Element] {
        guard case .array(let elements) = json else { throw mismatch("an array") }
        var made: [Element] = []
        made.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() { made.append(try make(inside("\(index)", element))) }
        return made
    }

    /// What `make` makes of every member, in no order.
    func members<Member>(
        _ make: (TokenizerValue) throws(TokenizerError) -> Member
    ) throws(TokenizerError) -> [(name: String, value: Member)] {
        guard case .object(let members) = json else { throw mismatch("an object") }
        var made: [(String, Member)] = []
        for (name, member) in members { made.append((name, try make(inside(name, member)))) }
        return made
    }

    func text() throws(TokenizerError) -> String {
        guard case .string(let text) = json else { throw mismatch("a string") }
        return text
    }

    func integer() throws(TokenizerError) -> Int {
        guard let integer = json.asInteger else { throw mismatch("a whole number") }
        return integer
    }

    func flag() throws(TokenizerError) -> Bool {
        guard case .bool(let flag) = json else { throw mismatch("true or false") }
        return flag
    }

    func mismatch(_ expected: String) -> TokenizerError {
        .malformed(file: file, reason: "\(subject) is \(json.summary), expected \(expected)")
    }

    private var subject: String { path.isEmpty ? "it" : "'\(path)'" }

    private func inside(_ name: String, _ json: JSONValue) -> TokenizerValue {
        TokenizerValue(json, file: file, path: path.isEmpty ? name : "\(path).\(name)")
    }
}
