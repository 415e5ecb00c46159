import ArgumentParser
import SwitchModel

/// What an operator says of a checkpoint that has no `config.json`.
struct AssumptionOptions: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: """
            Of a checkpoint without config.json: what its tensors do not say, as KEY=VALUE in the words of that file, such as \
            dense_act_fn=silu; may be repeated.
            """
    )
    var assume: [String] = []

    func validate() throws {
        do { _ = try values() } catch let error as ConfigurationError { throw ValidationError("\(error)") }
    }

    /// - Throws: `ConfigurationError` for what is no KEY=VALUE, or of another key.
    func values() throws -> ConfigurationAssumptions { try ConfigurationAssumptions(assume) }
}
