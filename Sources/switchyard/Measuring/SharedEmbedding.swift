import Checkpoints
import Training

/// A checkpoint whose embedding may have another of its names than the trainer's.
struct SharedEmbedding: WeightSource {
    private let checkpoint: CheckpointDirectory

    init(_ checkpoint: CheckpointDirectory) { self.checkpoint = checkpoint }

    var names: Set<String> { checkpoint.names.union(["shared.weight"]) }

    /// - Throws: `TrainingError.notTrainable` when the stacks have different ones.
    func check() throws {
        let own = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"].filter(checkpoint.names.contains)
        let tables = try own.map { try checkpoint.tensor(named: $0).floats() }
        if tables.count == 2, tables[0] != tables[1] { throw TrainingError.notTrainable("an embedding for each stack") }
    }

    func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        let others = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "shared.weight", "lm_head.weight"]
        guard name == "shared.weight", let used = others.first(where: checkpoint.names.contains) else {
            return try checkpoint.tensor(named: name)
        }
        return try checkpoint.tensor(named: used)
    }
}
