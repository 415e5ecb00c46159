import JSON

/// Tools of a request: those that are offered may be passed over, those that are required may not.
enum ToolMembers {
    /// Reads `tool_choice` and `tools` that are none; offered tools stay unread, so that they are named.
    ///
    /// - Throws: `.invalid` when a tool must be called.
    static func check(_ reader: inout ParameterReader) throws(APIError) {
        for name in ["tool_choice", "function_call"] {
            switch reader.value(name) {
            case nil, .string("auto"), .string("none"): continue
            case .string("required"), .object:
                throw .invalid(parameter: name, "'\(name)' must not require a tool: this server calls none.")
            case .some(let value): throw .outOfRange(name, "\"auto\" or \"none\"", value)
            }
        }
        for name in ["tools", "functions"] {
            switch reader.peek(name) {
            case nil, .null, .array([]): _ = reader.value(name)
            case .array: continue
            case .some(let value): throw .wrongType(name, "an array of tools", value)
            }
        }
    }
}
