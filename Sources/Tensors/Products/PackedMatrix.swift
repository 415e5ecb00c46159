import CKernels
import Synchronization

/// The weights of a linear layer, rounded to a precision and laid out for the product kernels.
///
/// Outputs stand in panels of 32, each panel stored input by input, so that a product reads memory once and in order.
/// `@unchecked Sendable`: the memory is written in `init`, and by `fill`, whose caller is alone with the matrix then.
package final class PackedMatrix: @unchecked Sendable {
    /// Columns of what products give.
    package let outputs: Int
    /// Columns of what products take.
    package let inputs: Int
    package let precision: WeightPrecision
    let panels: Int
    /// Floats of a panel's weights.
    private let weightFloats: Int
    /// Floats of a panel; the 32 scales of int8 and int4 and the 32 offsets of int8 follow its weights.
    let panelStride: Int
    private let memory: AlignedMemory
    private let foundNonFinite = Atomic<Bool>(false)

    /// Where packing reads a matrix `[outputs, inputs]` from.
    package struct Source {
        /// Rows of the matrix.
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
    package convenience init(_ sources: [Source], inputs: Int, precision: WeightPrecision, on workers: Workers) {
        let outputs = sources.reduce(0) { $0 + $1.outputs }
        self.init(outputs: outputs, inputs: inputs, precision: precision)
        fill(sources, on: workers)
    }

    /// Room for a matrix; weights are undefined until it is filled.
    package convenience init(outputs: Int, inputs: Int, precision: WeightPrecision) {
        let shape = Self.packedShape(outputs: outputs, inputs: inputs, precision)
        self.init(outputs, inputs, precision, AlignedMemory(count: shape[0] * shape[1]))
    }

    /// A matrix that was packed before, read where it is.
    ///
    /// - Precondition: `packed` is aligned and as long as `packedShape` says.
    package convenience init(outputs: Int, inputs: Int, precision: WeightPrecision, packed: LentMemory) {
        let shape = Self.packedShape(outputs: outputs, inputs: inputs, precision)
        precondition(packed.isAligned && packed.byteCount == shape[0] * shape[1] * MemoryLayout<Float>.size)
        self.init(outputs, inputs, precision, AlignedMemory(lent: packed))
    }

    private init(_ outputs: Int, _ inputs: Int, _ precision: WeightPrecision, _ memory: AlignedMemory) {
        self.outputs = outputs
        self.inputs = inputs
        self.precision = precision
        let shape = Self.packedShape(outputs: outputs, inputs: inputs, precision)
        (panels, panelStride) = (shape[0], shape[1])
        weightFloats = precision.panelFloats(inputs).weights
        self.memory = memory
    }

    /// `[panels, floats of a panel]` of a packed matrix: what its bytes are as Float32.
    package static func packedShape(outputs: Int, inputs: Int, _ precision: WeightPrecision) -> [Int] {
        let floats = precision.panelFloats(inputs)
        return [(outputs + width - 1) / width, floats.weights + floats.scales]
    }

    /// Changes when packed matrices of before cannot be read any more.
    package static let layoutVersion = 1

    /// Whether every weight is a number; known after packing.
    package var isFinite: Bool { !foundNonFinite.load(ordering: .acquiring) }

    /// Memory that a product with few rows reads.
    package var byteCount: Int { panels * panelStride * MemoryLayout<Float>.size }

    static let width = Int(CK_PANEL)

    /// One panel, for as long as the matrix lives.
    func panel(_ index: Int) -> ck_panel {
        let data = memory.base + index * panelStride
        let scales = data + weightFloats
        return ck_panel(
            data: data,
            groups: ck_row_groups(precision.element, inputs),
            scales: scales,
            offsets: Self.offsets(after: scales)
        )
    }

    private static func offsets(after scales: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(scales + width).assumingMemoryBound(to: Int32.self)
    }

    /// Packs `sources`, stacked output by output, in place of what the matrix held.
    ///
    /// - Parameter factor: passes on what rounding misses, where weights have runs.
    /// - Precondition: they are of its shape, and nobody else uses the matrix.
    package func fill(_ sources: [Source], passingOn factor: ErrorFactor? = nil, on workers: Workers) {
        precondition(sources.reduce(0) { $0 + $1.outputs } == outputs)
        foundNonFinite.store(false, ordering: .relaxed)
        let rowScratch = Matrix(rows: workers.threads, columns: Self.width * inputs)
        workers.forEach(panels) { panel, thread in
            let rows = rowScratch.base + thread * rowScratch.columns
            let first = panel * Self.width
            let used = min(Self.width, outputs - first)
            read(first..<first + used, from: sources, into: rows)
            if ck_all_finite_f32(rows, used * inputs) == 0 { foundNonFinite.store(true, ordering: .releasing) }
            let data = memory.base + panel * panelStride
            let scales = data + weightFloats
            if let factor {
                pack(rows, outputs: used, passingOn: factor, into: data)
            } else {
                ck_pack_panel(precision.element, rows, inputs, used, data, scales, Self.offsets(after: scales))
            }
        }
    }

    /// Rounds a panel's rows run by run, what each run misses being made up for by those after it.
    private func pack(
        _ rows: UnsafeMutablePointer<Float>,
        outputs: Int,
        passingOn factor: ErrorFactor,
        into panel: UnsafeMutablePointer<Float>
    ) {
        precondition(precision.hasRuns && factor.inputs == inputs)
        let weights = FloatRows(base: rows, rows: outputs, columns: inputs)
        let scales = panel + weightFloats
        withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.width) { inverses in
            guard let inverses = inverses.baseAddress else { return }
            ck_begin_runs(precision.element, rows, inputs, outputs, panel, scales, inverses)
            for first in stride(from: 0, to: inputs, by: Int(CK_INT4_RUN)) {
                let run = first..<min(first + Int(CK_INT4_RUN), inputs)
                let passed = factor.upper[rows: run]
                ck_pack_run(
                    precision.element,
                    rows,
                    inputs,
                    outputs,
                    first,
                    run.count,
                    passed.base,
                    inverses,
                    panel
                )
                let rest = run.upperBound..<inputs
                weights[columns: rest].multiply(.plain(weights[columns: run]), .plain(passed[columns: rest]), .add)
            }
        }
    }

    /// Fills the matrix with panels that were packed before.
    package func fill(
        packed read: (_ panels: Range<Int>, _ destination: UnsafeMutablePointer<Float>) -> Void,
        on workers: Workers
    ) {
        workers.forEach(panels) { panel, _ in read(panel..<panel + 1, memory.base + panel * panelStride) }
    }

    /// The packed panels, valid until `body` returns.
    package func withPackedBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(UnsafeRawBufferPointer(start: memory.base, count: byteCount)) }
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
