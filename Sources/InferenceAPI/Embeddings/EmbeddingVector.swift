import Foundation

/// One embedding.
struct EmbeddingVector: Equatable, Sendable {
    var elements: [Float]

    init(_ elements: [Float]) {
        self.elements = elements
    }

    /// The same direction with length 1; zeros stay zeros.
    ///
    /// As `torch.nn.functional.normalize` has it, a length below 1e-12 counts as that.
    var normalized: EmbeddingVector {
        let length = elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        return EmbeddingVector(elements.map { Float(Double($0) / max(length, 1e-12)) })
    }

    /// The elements as little-endian Float32, in Base64 (RFC 4648 §4).
    var base64: String {
        elements.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }.base64EncodedString()
    }
}
