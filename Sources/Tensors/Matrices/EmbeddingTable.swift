import CKernels
import Glibc

/// A vector for every token, Float32 or rounded to bfloat16.
///
/// `@unchecked Sendable`: written while it is loaded, before anyone else has it.
package final class EmbeddingTable: @unchecked Sendable {
    /// Rows: ids from 0 up to it, exclusive, can be looked up.
    package let tokens: Int
    /// The width of a vector, the model's.
    package let columns: Int
    private let isRounded: Bool
    /// Floats between rows.
    private let stride: Int
    private let memory: AlignedMemory

    /// - Parameters:
    ///   - precision: that of the weights; below Float32 vectors are kept as bfloat16.
    ///   - read: writes some rows, `[rows, columns]`, as Float32.
    package init(
        tokens: Int,
        columns: Int,
        precision: WeightPrecision,
        read: (_ rows: Range<Int>, _ target: UnsafeMutablePointer<Float>) -> Void
    ) {
        self.tokens = tokens
        self.columns = columns
        isRounded = precision != .float32
        stride = isRounded ? (columns + 1) / 2 : columns
        memory = AlignedMemory(count: tokens * stride)
        let chunk = 256
        let scratch = AlignedMemory(count: chunk * columns)
        for first in Swift.stride(from: 0, to: tokens, by: chunk) {
            let rows = first..<min(first + chunk, tokens)
            read(rows, isRounded ? scratch.base : memory.base + first * stride)
            guard isRounded else { continue }
            for (index, row) in rows.enumerated() {
                _ = ck_round_row(CK_BF16, scratch.base + index * columns, columns, memory.base + row * stride)
            }
        }
    }

    /// Whether every element is a number.
    package var isFinite: Bool {
        let row = AlignedMemory(count: columns)
        return (0..<tokens).allSatisfy { token in
            copy(token, to: row.base)
            return ck_all_finite_f32(row.base, columns) != 0
        }
    }

    /// Whether the other table holds the same bits.
    package func isEqual(to other: EmbeddingTable) -> Bool {
        tokens == other.tokens && stride == other.stride && isRounded == other.isRounded
            && memcmp(memory.base, other.memory.base, tokens * stride * MemoryLayout<Float>.size) == 0
    }

    /// Leaves the vectors of `tokens`, in the order given, in `output`, which takes the shape `[tokens, columns]`.
    package func look(up tokens: [Int32], into output: Matrix) {
        output.resize(rows: tokens.count, columns: columns)
        for row in 0..<tokens.count {
            let token = Int(tokens[row])
            precondition(token >= 0 && token < self.tokens, "token \(token) of \(self.tokens)")
            copy(token, to: output.base + row * columns)
        }
    }

    private func copy(_ token: Int, to target: UnsafeMutablePointer<Float>) {
        let source = memory.base + token * stride
        if isRounded {
            ck_widen_bf16(source, columns, target)
        } else {
            target.update(from: source, count: columns)
        }
    }
}
