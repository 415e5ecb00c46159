import Checkpoints
import HTTPServing
import HTTPTypes

/// The encoder's last states of every token of several inputs, as a safetensors file: a tensor for each input, named by its
/// index from 0, F32, `[tokens, model]`.
struct TokenStates {
    private let tensors: [SafetensorsWriter.Entry]

    /// - Parameter states: of each prompt of the run, row by row.
    init(_ states: [[Float]], of run: CompletionRun) {
        tensors = zip(states, run.parameters.prompts).enumerated().map { index, pair in
            let (elements, tokens) = (pair.0, pair.1.tokens.count)
            return .init("\(index)", [tokens, elements.count / max(tokens, 1)], .float32) { elements }
        }
    }

    /// The file, written tensor by tensor.
    ///
    /// - Parameter share: of memory, kept until all is written.
    func response(holding share: EmbeddingMemory.Share) -> ServerResponse {
        nonisolated(unsafe) let tensors = tensors
        return ServerResponse(
            status: .ok,
            fields: [.contentType: "application/octet-stream"],
            body: .stream { writer in
                try await writer.write(Array(SafetensorsWriter.header(of: tensors)))
                for tensor in tensors { try await writer.write(Array(SafetensorsWriter.bytes(of: tensor))) }
                withExtendedLifetime(share) {}
            }
        )
    }
}
