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

    package var weight: PackedMatrix
    package var input: ProductInput
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
            input.columns == weight.inputs && input.precision == weight.precision && output.columns == weight.outputs
                && rows.upperBound <= min(input.rows, output.rows),
            "product of [\(rows), \(input.columns)] by [\(weight.outputs), \(weight.inputs)] into \(output.columns)"
        )
        self.weight = weight
        self.input = input
        self.output = output
        self.rows = rows
        self.epilogue = epilogue
    }

    fileprivate func runPanel(_ panel: Int) {
        let column = panel * PackedMatrix.width
        ck_product_panel(
            weight.precision.element,
            input.rows(from: rows.lowerBound),
            weight.panel(panel),
            output.base + rows.lowerBound * output.columns + column,
            output.columns,
            min(PackedMatrix.width, weight.outputs - column),
            rows.count,
            epilogue.kernelValue
        )
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

extension Workers {
    /// One product in a region of its own.
    package func run(_ product: Product) {
        guard !product.rows.isEmpty else { return }
        forEach(product.weight.panels) { panel, _ in product.runPanel(panel) }
    }

    /// Several independent products in one region.
    package func run(_ products: [Product]) {
        let tiles = products.reduce(0) { $0 + $1.weight.panels }
        forEach(tiles) { tile, _ in
            var panel = tile
            for product in products {
                if panel < product.weight.panels {
                    product.runPanel(panel)
                    return
                }
                panel -= product.weight.panels
            }
        }
    }
}
