extension APIError {
    /// The error as a client sees it that calls members something else.
    ///
    /// - Parameter names: the client's names by the plain ones.
    func worded(by names: [String: String]) -> APIError {
        guard !names.isEmpty else { return self }
        switch self {
        case .invalid, .textTooLong, .admission: return .worded(self, by: names)
        default: return self
        }
    }
}

extension ErrorFace {
    /// The same with other names for members.
    func worded(by names: [String: String]) -> ErrorFace {
        var face = self
        face.parameter = parameter.map { names[$0] ?? $0 }
        for (plain, client) in names.sorted(by: { $0.key < $1.key }) {
            face.message = face.message.replacing("'\(plain)'", with: "'\(client)'")
        }
        return face
    }
}
