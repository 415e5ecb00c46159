/// Where tensors come from: a directory of weight files, or a dictionary in a test.
package protocol WeightSource: Sendable {
    /// - Throws: `CheckpointError.missingTensor`, or `.unsupportedType` for one that does not hold floats.
    func tensor(named name: String) throws(CheckpointError) -> StoredTensor

    /// The full dotted name of every tensor there is.
    var names: Set<String> { get }
}
