import CKernels
import Foundation

/// What optimizers do to a range of parameters.
extension FloatRows {
    /// One step of AdamW (Loshchilov and Hutter, 2019, algorithm 2).
    package struct AdamStep {
        /// Gradients are multiplied by it first.
        package var gradientScale: Float
        /// The learning rate of this step.
        package var rate: Float
        /// β₁ and β₂ of Adam (Kingma and Ba, 2015): what of each moment is kept, 0 up to 1.
        package var decays: (first: Float, second: Float)
        /// Added to the root of the corrected second moment; 1e-8.
        package var epsilon: Float
        /// Taken off parameters themselves, times the rate (Loshchilov and Hutter, 2019); 0 for none.
        package var weightDecay: Float
        /// Counted from 1.
        package var step: Int

        /// Without weight decay, and with an epsilon of 1e-8, until they are set.
        package init(
            step: Int,
            rate: Float,
            gradientScale: Float,
            decays: (first: Float, second: Float) = (0.9, 0.999)
        ) {
            (self.step, self.rate, self.gradientScale, self.decays) = (step, rate, gradientScale, decays)
            (epsilon, weightDecay) = (1e-8, 0)
        }

        fileprivate var kernelValue: ck_adam_step {
            let (first, second) = (pow(Double(decays.first), Double(step)), pow(Double(decays.second), Double(step)))
            return ck_adam_step(
                gradient_scale: gradientScale,
                rate: rate,
                first_decay: decays.first,
                second_decay: decays.second,
                first_correction: Float(1 / (1 - first)),
                second_correction: Float((1 / (1 - second)).squareRoot()),
                epsilon: epsilon,
                shrinking: Float(1 - Double(rate) * Double(weightDecay))
            )
        }
    }

    /// Updates these parameters and the two moments of their gradients.
    package func update(_ gradient: FloatRows, first: FloatRows, second: FloatRows, _ step: AdamStep) {
        precondition(isPacked && gradient.isPacked && first.isPacked && second.isPacked)
        precondition(gradient.count == count && first.count == count && second.count == count)
        ck_adam_f32(base, gradient.base, first.base, second.base, count, step.kernelValue)
    }

    /// Fills `rowMeans`, `[1, rows]`, and `columnMeans`, `[1, columns]`, with means of (element · scale)² + floor.
    package func squareMeans(scale: Float, floor: Float, rowMeans: FloatRows, columnMeans: FloatRows) {
        precondition(isPacked && rowMeans.count == rows && columnMeans.count == columns)
        ck_square_means_f32(base, scale, floor, rows, columns, rowMeans.base, columnMeans.base)
    }

    /// What Adafactor (Shazeer and Stern, 2018) multiplies gradients with: `[1, rows]` times `[1, columns]` times a number.
    package struct Factors {
        /// `[1, rows]`, of the rows of the gradients.
        package var rows: FloatRows
        /// `[1, columns]`, of their columns.
        package var columns: FloatRows
        /// Of all of them: the rate, and what clips the gradients and the update.
        package var scale: Float

        /// Rows and columns are read where they are, and must live as long.
        package init(rows: FloatRows, columns: FloatRows, scale: Float) {
            (self.rows, self.columns, self.scale) = (rows, columns, scale)
        }
    }

    /// The sum of squares of these gradients, multiplied with `factors`.
    package func sumOfSquares(_ factors: Factors) -> Double {
        precondition(isPacked && factors.rows.count == rows && factors.columns.count == columns)
        return ck_factored_squares_f32(base, factors.scale, factors.rows.base, factors.columns.base, rows, columns)
    }

    /// Multiplies these parameters with `shrinking`, then takes `gradient` times `factors` away.
    package func update(_ gradient: FloatRows, _ factors: Factors, shrinking: Float) {
        precondition(isPacked && gradient.isPacked && gradient.count == count)
        precondition(factors.rows.count == rows && factors.columns.count == columns)
        let step = ck_factored_step(
            scale: factors.scale,
            row_factors: UnsafePointer(factors.rows.base),
            column_factors: UnsafePointer(factors.columns.base),
            shrinking: shrinking
        )
        ck_factored_step_f32(base, gradient.base, step, rows, columns)
    }

    /// Moves every element by `share` of the way to that of `target`.
    package func blend(_ target: FloatRows, share: Float) {
        precondition(isPacked && target.isPacked && target.count == count)
        ck_blend_f32(base, target.base, share, count)
    }

    /// Fills these elements with those of `source`, rounded to bfloat16.
    package func roundToBFloat16(_ source: FloatRows) {
        precondition(isPacked && source.isPacked && source.count == count)
        ck_round_to_bf16_f32(source.base, base, count)
    }
}
