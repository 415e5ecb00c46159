import SwitchModel

/// A command needs what an encoder alone does not have.
struct DecoderNeeded: Error, CustomStringConvertible {
    let directory: String
    /// What the command does.
    let task: String

    /// - Throws: itself, for an encoder alone.
    static func check(_ model: SwitchConfiguration, _ directory: String, to task: String) throws(DecoderNeeded) {
        guard !model.architecture.hasDecoder else { return }
        throw DecoderNeeded(directory: directory, task: task)
    }

    var description: String { "'\(directory)' is an encoder alone, without the decoder that it takes to \(task)" }
}
