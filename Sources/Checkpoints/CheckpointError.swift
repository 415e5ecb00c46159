/// Why a checkpoint could not be used.
///
/// Every case names the file or tensor to look at.
package enum CheckpointError: Error, Equatable, Sendable {
    case missingTensor(name: String)
}
