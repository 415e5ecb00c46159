/// The tensors that a pickle's root holds by name.
struct StateDictionary {
    /// Indices into the pickle's tensors; two names may have the same.
    let tensors: [String: UInt32]

    /// Under these some programs keep the weights beside the state of training.
    private static let wrappers: Set = ["state_dict", "model"]

    /// Takes the tensors of the root, or when it has none those of a dictionary one level below; passes over the rest.
    init(_ pickle: Pickle) throws(PickleProblem) {
        guard case .dictionary(let root) = pickle.root else { throw .noTensors }
        let named = try Self.tensors(in: root, of: pickle)
        if !named.isEmpty {
            tensors = named
            return
        }
        for item in pickle.items where item.dictionary == root {
            guard case .text(let key) = item.key, case .dictionary(let inner) = item.value,
                Self.wrappers.contains(try pickle.text(key))
            else { continue }
            let named = try Self.tensors(in: inner, of: pickle)
            guard named.isEmpty else {
                tensors = named
                return
            }
        }
        throw .noTensors
    }

    private static func tensors(in dictionary: UInt32, of pickle: Pickle) throws(PickleProblem) -> [String: UInt32] {
        var tensors: [String: UInt32] = [:]
        for item in pickle.items where item.dictionary == dictionary {
            guard case .tensor(let tensor) = item.value, case .text(let key) = item.key else { continue }
            let name = try pickle.text(key)
            guard tensors.updateValue(tensor, forKey: name) == nil else { throw .duplicateName(name) }
        }
        return tensors
    }
}
