import CKernels
import Synchronization

/// The weights of a linear layer, rounded to a precision and laid out for the product kernels.
///
/// Outputs stand in panels of 32, each panel stored input by input, so that a product reads memory once and in order.
/// Immutable after packing.
///
/// `@unchecked Sendable`: the memory is written in `init` only.
package final class PackedMatrix: @unchecked Sendable {
    package let outputs: Int
    package let inputs: Int
    package let precision: WeightPrecision
    let panels: Int
    private let groups: Int
    /// Floats of a panel; its 32 scales and 32 offsets follow the weights of int8.
    let panelStride: Int
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
    package init(_ sources: [Source], inputs: Int, precision: WeightPrecision, on workers: Workers) {
        outputs = sources.reduce(0) { $0 + $1.outputs }
        self.inputs = inputs
        self.precision = precision
        panels = (outputs + Self.width - 1) / Self.width
        groups = precision.groups(inputs)
        panelStride = groups * Self.width + (precision == .int8 ? 2 * Self.width : 0)
        memory = AlignedMemory(count: panels * panelStride)
        pack(sources, on: workers)
    }

    /// Whether every weight is a number; known after packing.
    package var isFinite: Bool { !foundNonFinite.load(ordering: .acquiring) }

    /// Memory that a product with few rows reads.
    package var byteCount: Int { panels * panelStride * MemoryLayout<Float>.size }

    static let width = Int(CK_PANEL)

    /// One panel, for as long as the matrix lives.
    func panel(_ index: Int) -> ck_panel {
        let data = memory.base + index * panelStride
        let scales = data + groups * Self.width
        return ck_panel(data: data, groups: groups, scales: scales, offsets: Self.offsets(after: scales))
    }

    private static func offsets(after scales: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(scales + width).assumingMemoryBound(to: Int32.self)
    }

    private func pack(_ sources: [Source], on workers: Workers) {
        let rowScratch = Matrix(rows: workers.threads, columns: Self.width * inputs)
        workers.forEach(panels) { panel, thread in
            let rows = rowScratch.base + thread * rowScratch.columns
            let first = panel * Self.width
            let used = min(Self.width, outputs - first)
            read(first..<first + used, from: sources, into: rows)
            if ck_all_finite_f32(rows, used * inputs) == 0 { foundNonFinite.store(true, ordering: .releasing) }
            let data = memory.base + panel * panelStride
            let scales = data + groups * Self.width
            ck_pack_panel(precision.element, rows, inputs, used, data, scales, Self.offsets(after: scales))
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
