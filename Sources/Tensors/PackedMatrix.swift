import CKernels
import Synchronization

/// The weights of a linear layer, laid out for the product kernels.
///
/// Outputs stand in panels of 32, each panel stored input by input, so that a product reads memory once and in order.
/// Immutable after packing.
///
/// `@unchecked Sendable`: the memory is written in `init` only.
package final class PackedMatrix: @unchecked Sendable {
    package let outputs: Int
    package let inputs: Int
    let panels: Int
    private let memory: AlignedMemory
    private let foundNonFinite = Atomic<Bool>(false)

    /// Where packing reads a matrix `[outputs, inputs]` from.
    package struct Source {
        package let outputs: Int
        /// Writes rows `rows` of the matrix, one after the other.
        ///
        /// Called by several threads at once.
        package let read: (_ rows: Range<Int>, _ destination: UnsafeMutablePointer<Float>) -> Void

        package init(outputs: Int, read: @escaping (Range<Int>, UnsafeMutablePointer<Float>) -> Void) {
            self.outputs = outputs
            self.read = read
        }
    }

    /// Stacks `sources` output by output: the product gives their outputs side by side.
    ///
    /// - Precondition: every source has `inputs` columns.
    package init(_ sources: [Source], inputs: Int, on workers: Workers) {
        outputs = sources.reduce(0) { $0 + $1.outputs }
        self.inputs = inputs
        panels = (outputs + Self.width - 1) / Self.width
        memory = AlignedMemory(count: panels * inputs * Self.width)
        pack(sources, on: workers)
    }

    private var base: UnsafeMutablePointer<Float> { memory.base }

    /// Whether every weight is a number; known after packing.
    package var isFinite: Bool { !foundNonFinite.load(ordering: .acquiring) }

    package var byteCount: Int { panels * inputs * Self.width * MemoryLayout<Float>.size }

    static let width = Int(CK_PANEL)

    func panel(_ index: Int) -> UnsafePointer<Float> {
        UnsafePointer(base + index * inputs * Self.width)
    }

    private func pack(_ sources: [Source], on workers: Workers) {
        let rowScratch = Matrix(rows: workers.threads, columns: Self.width * inputs)
        workers.forEach(panels) { panel, thread in
            let rows = rowScratch.base + thread * rowScratch.columns
            let first = panel * Self.width
            let used = min(Self.width, outputs - first)
            read(first..<first + used, from: sources, into: rows)
            if ck_all_finite_f32(rows, used * inputs) == 0 { foundNonFinite.store(true, ordering: .releasing) }
            let target = base + panel * inputs * Self.width
            for input in 0..<inputs {
                for output in 0..<Self.width {
                    target[input * Self.width + output] = output < used ? rows[output * inputs + input] : 0
                }
            }
        }
    }

    private func read(_ rows: Range<Int>, from sources: [Source], into destination: UnsafeMutablePointer<Float>) {
        var start = 0
        for source in sources {
            let overlap = rows.clamped(to: start..<start + source.outputs)
            if !overlap.isEmpty {
                source.read(
                    overlap.lowerBound - start..<overlap.upperBound - start,
                    destination + (overlap.lowerBound - rows.lowerBound) * inputs
                )
            }
            start += source.outputs
        }
    }
}
