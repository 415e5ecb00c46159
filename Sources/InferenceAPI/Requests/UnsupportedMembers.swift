import JSON

/// Members that change what an answer may be, and that this server does not do: passing over them would answer something
/// else than was asked for.
enum UnsupportedMembers {
    /// - Throws: `.invalid`, naming the first that is there and asks for something.
    static func check(_ reader: inout ParameterReader) throws(APIError) {
        try checkFormat(&reader)
        for name in reader.names(where: { $0 == "structured_outputs" || $0.hasPrefix("guided_") }) {
            guard reader.value(name) != nil else { continue }
            throw .invalid(parameter: name, "'\(name)' is not supported: this server does not hold answers to a form.")
        }
        switch reader.peek("tool_choice") {
        case .string("required"), .object:
            throw .invalid(parameter: "tool_choice", "'tool_choice' must not require a tool: this server calls none.")
        default: break
        }
        if let groups = try reader.integer("num_beam_groups", in: 1...Int(Int32.max)), groups > 1 {
            throw .invalid(parameter: "num_beam_groups", "'num_beam_groups' must be 1, but it is \(groups).")
        }
    }

    private static func checkFormat(_ reader: inout ParameterReader) throws(APIError) {
        guard let format = reader.value("response_format") else { return }
        if case .object(let members) = format, members["type"] == .string("text") { return }
        throw .invalid(
            parameter: "response_format",
            "'response_format' must be {\"type\": \"text\"}: this server does not hold answers to a form."
        )
    }
}
