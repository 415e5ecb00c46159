private import COpenBLAS

/// A factor of a matrix product, as it lies in memory or transposed.
package enum Factor {
    case plain(FloatRows)
    case transposed(FloatRows)

    fileprivate var matrix: FloatRows {
        switch self {
        case .plain(let matrix), .transposed(let matrix): matrix
        }
    }

    fileprivate var rows: Int {
        switch self {
        case .plain(let matrix): matrix.rows
        case .transposed(let matrix): matrix.columns
        }
    }

    fileprivate var columns: Int {
        switch self {
        case .plain(let matrix): matrix.columns
        case .transposed(let matrix): matrix.rows
        }
    }

    fileprivate var layout: CBLAS_TRANSPOSE {
        switch self {
        case .plain: CblasNoTrans
        case .transposed: CblasTrans
        }
    }
}

/// What a product does with what the rows it is written to hold already.
package enum Accumulation {
    case replace
    case add
    case subtract
}

extension FloatRows {
    /// Fills these rows with `left` times `right`, on the calling thread.
    ///
    /// The one caller of BLAS. Training runs whole passes side by side on threads of its own, so BLAS is told to start
    /// none (`MatrixProducts.useOneThread`): each product stays on the thread that asks for it.
    package func multiply(_ left: Factor, _ right: Factor, _ accumulation: Accumulation = .replace) {
        precondition(
            left.columns == right.rows && left.rows == rows && right.columns == columns,
            "[\(left.rows), \(left.columns)] times [\(right.rows), \(right.columns)] for [\(rows), \(columns)]"
        )
        guard count > 0 else { return }
        guard left.columns > 0 else {
            if accumulation == .replace { clear() }
            return
        }
        cblas_sgemm(
            CblasRowMajor,
            left.layout,
            right.layout,
            blasint(rows),
            blasint(columns),
            blasint(left.columns),
            accumulation == .subtract ? -1 : 1,
            left.matrix.base,
            blasint(max(left.matrix.stride, 1)),
            right.matrix.base,
            blasint(max(right.matrix.stride, 1)),
            accumulation == .replace ? 0 : 1,
            base,
            blasint(max(stride, 1))
        )
    }
}

/// How BLAS runs the products of training.
package enum MatrixProducts {
    /// Keeps every product on the thread that asks for it; called once, before the first.
    package static func useOneThread() { openblas_set_num_threads(1) }

    /// The library, its version and the kernels it has chosen: others give other bits.
    ///
    /// `OPENBLAS_CORETYPE` chooses kernels.
    package static var library: String { openblas_get_config().map { String(cString: $0) } ?? "OpenBLAS" }
}
