package import SwitchModel
package import Tensors

/// The one place where search meets the real model.
extension SwitchTransformer: StepModel {
    /// Its keys and values are rows of a pool that all requests share.
    package typealias State = DecoderState

    package var vocabularySize: Int { configuration.vocabularySize }

    package func start(after prompt: [Int32]) -> [Int32] {
        switch configuration.architecture {
        case .encoderDecoder, .encoderOnly: [configuration.startToken]
        case .decoderOnly: prompt
        }
    }

    package func rowsPerLayer(_ encoding: Encoding) -> Int { encoding.rowsPerBlock }

    package func advance(_ encoding: inout Encoding, layers: Int) -> EncodingProgress<DecoderState> {
        let left = advance(&encoding, blocks: layers)
        return left == 0 ? .finished(finish(encoding), encoding.routing) : .layersLeft(left)
    }

    package func step(_ batch: [StepBatch<DecoderState>], _ routing: inout RoutingLog) -> VocabularyScores {
        for request in batch {
            for row in request.rows {
                switch row.source {
                case .token(let token, let slot): enqueue(token, request.state, slot: slot, for: row.detail)
                case .position(let position): enqueue(position: position, request.state, for: row.detail)
                }
            }
        }
        return step(&routing)
    }

    package func beginTurn(isDecoding: Bool, _ encoding: Encoding?, layers: Int) {
        beginTurn(isDecoding: isDecoding, encoding, blocks: layers)
    }

    package func concurrently(_ count: Int, _ body: (Int) -> Void) {
        workers.forEach(count) { index, _ in body(index) }
    }

    package func takeCrossAttention(_ state: DecoderState, position: Int) -> [Float] {
        state.crossAttention?.take(position) ?? []
    }

    package func reorder(_ state: DecoderState, parents: [Int]) {
        state.reorder(parents: parents)
    }

    package var cacheBlockPositions: Int { KeyValuePool.blockRows }
}
