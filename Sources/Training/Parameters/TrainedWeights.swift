package import Checkpoints
import SwitchModel
package import Tensors

/// A model's weights under the names of the Hugging Face layout, copied from where they are trained.
package struct TrainedWeights: WeightSource {
    private let tensors: [String: StoredTensor]
    /// How many numbers were learnt; some are there under several names.
    let parameterCount: Int

    /// Copies `values`, `[layout.count]`: they may change afterwards.
    ///
    /// Where the head is not tied, the embedding is there under the names of both stacks too, as transformers 5 has it.
    package init(_ values: FloatBuffer, _ model: ModelLayers) {
        var tensors: [String: StoredTensor] = [:]
        for parameter in model.layout.parameters {
            tensors[parameter.name] = StoredTensor(
                name: parameter.name,
                shape: parameter.shape,
                elements: withExtendedLifetime(values) { values[parameter.range].elements }
            )
        }
        let configuration = model.shape.configuration
        if !configuration.tieWordEmbeddings, let shared = tensors["shared.weight"] {
            // Without a tied head, transformers 5 has embeddings of their own for both stacks.
            if configuration.architecture == .encoderDecoder { tensors["encoder.embed_tokens.weight"] = shared }
            tensors["decoder.embed_tokens.weight"] = shared
        }
        self.tensors = tensors
        parameterCount = model.layout.count
    }

    package var names: Set<String> { Set(tensors.keys) }

    package func tensor(named name: String) throws(CheckpointError) -> StoredTensor {
        guard let tensor = tensors[name] else { throw .missingTensor(name: name) }
        return tensor
    }
}
