/// The few names of Python a weight file may mention; nothing is imported or called for any of them.
package enum PickleGlobal: Equatable, Sendable {
    case orderedDict
    case rebuildTensor
    case rebuildParameter
    /// The class of a storage, which says how its elements are stored.
    case storage(SafetensorsType)

    /// What `module` and `name` stand for, nil when they are not on the list.
    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDict
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch", _):
            guard let type = Self.storages[name] else { return nil }
            self = .storage(type)
        default: return nil
        }
    }

    private static let storages: [String: SafetensorsType] = [
        "DoubleStorage": .f64, "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16,
        "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8,
        "BoolStorage": .bool,
    ]
}
