import CKernels

/// One matrix product of a parallel region: `output = input · weightᵀ` for a run of rows.
package struct Product {
    /// What happens to what the output holds already.
    package enum Epilogue: Sendable {
        case store
        /// Stores the positive part.
        case storeRectified
        /// Adds to it: the residual connection.
        case add
    }

    /// `[outputs, inputs]`, of a precision whose inputs are rounded as `input` is.
    package var weight: PackedMatrix
    package var input: ProductInput
    /// `[at least rows.upperBound, outputs]`; other matrices than that of any product of the same region.
    package var output: Matrix
    /// The rows taken of `input`, and written at the same places of `output`.
    package var rows: Range<Int>
    package var epilogue: Epilogue

    /// All rows of `input`.
    package init(_ weight: PackedMatrix, _ input: ProductInput, into output: Matrix, _ epilogue: Epilogue = .store) {
        self.init(weight, input, rows: 0..<input.rows, into: output, epilogue)
    }

    /// - Precondition: the shapes fit and `rows` lie inside both matrices.
    package init(
        _ weight: PackedMatrix,
        _ input: ProductInput,
        rows: Range<Int>,
        into output: Matrix,
        _ epilogue: Epilogue = .store
    ) {
        precondition(
            input.columns == weight.inputs && input.precision.inputElement == weight.precision.inputElement
                && output.columns == weight.outputs
                && rows.upperBound <= min(input.rows, output.rows),
            "product of [\(rows), \(input.columns)] by [\(weight.outputs), \(weight.inputs)] into \(output.columns)"
        )
        self.weight = weight
        self.input = input
        self.output = output
        self.rows = rows
        self.epilogue = epilogue
    }

    var panels: PanelRun {
        PanelRun(
            element: weight.precision.element,
            input: input.rows(from: rows.lowerBound),
            first: weight.panel(0),
            stride: weight.panelStride,
            count: weight.panels,
            output: output.base + rows.lowerBound * output.columns,
            outputs: weight.outputs,
            rows: rows.count,
            epilogue: epilogue.kernelValue
        )
    }
}

/// A product as its panels see it: addresses alone, so that a tile counts no references.
///
/// Valid while the product's matrices live and keep their size.
struct PanelRun: RegionWork {
    let element: ck_element
    let input: ck_rows
    let first: ck_panel
    /// Floats between panels.
    let stride: Int
    let count: Int
    let output: UnsafeMutablePointer<Float>
    let outputs: Int
    let rows: Int
    let epilogue: ck_epilogue

    func run(tile panel: Int, thread: Int) {
        run(panel, into: output + panel * PackedMatrix.width, stride: outputs)
    }

    func columns(of panel: Int) -> Int { min(PackedMatrix.width, outputs - panel * PackedMatrix.width) }

    /// Leaves a panel's columns at `target`, rows `stride` floats apart.
    func run(_ panel: Int, into target: UnsafeMutablePointer<Float>, stride targetStride: Int) {
        let skipped = panel * stride * MemoryLayout<Float>.size
        let weights = ck_panel(
            data: first.data + skipped,
            groups: first.groups,
            scales: first.scales + panel * stride,
            offsets: first.offsets + panel * stride
        )
        ck_product_panel(element, input, weights, target, targetStride, columns(of: panel), rows, epilogue)
    }
}

extension Product.Epilogue {
    fileprivate var kernelValue: ck_epilogue {
        switch self {
        case .store: CK_STORE
        case .storeRectified: CK_STORE_RELU
        case .add: CK_ADD
        }
    }
}

/// Independent products that run in one region.
///
/// Kept from pass to pass, so that filling it asks for no memory. Owned by one thread.
package final class ProductList {
    private var runs: [PanelRun] = []

    package init() {}

    /// Forgets the products and keeps the room for as many.
    package func removeAll() { runs.removeAll(keepingCapacity: true) }

    /// The product's matrices must live, and keep their size, until the list has run.
    package func append(_ product: Product) {
        guard !product.rows.isEmpty else { return }
        runs.append(product.panels)
    }

    fileprivate func withRuns(_ body: (UnsafeBufferPointer<PanelRun>) -> Void) {
        runs.withUnsafeBufferPointer(body)
    }
}

private struct PanelRuns: RegionWork {
    let runs: UnsafeBufferPointer<PanelRun>

    func run(tile: Int, thread: Int) {
        var panel = tile
        for run in runs {
            if panel < run.count { return run.run(tile: panel, thread: thread) }
            panel -= run.count
        }
    }
}

extension Workers {
    /// One product in a region of its own.
    package func run(_ product: Product) {
        guard !product.rows.isEmpty else { return }
        let panels = product.panels
        run(panels.count, panels)
        withExtendedLifetime(product) {}
    }

    /// Several independent products in one region, the first in the list first.
    package func run(_ list: ProductList) {
        list.withRuns { runs in
            run(runs.reduce(0) { $0 + $1.count }, PanelRuns(runs: runs))
        }
    }
}
