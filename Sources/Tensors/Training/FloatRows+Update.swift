import CKernels
import Foundation

/// What optimizers do to a range of parameters.
extension FloatRows {
    /// One step of AdamW.
    package struct AdamStep {
        /// Gradients are multiplied by it first.
        package var gradientScale: Float
        package var rate: Float
        package var decays: (first: Float, second: Float)
        package var epsilon: Float
        package var weightDecay: Float
        /// Counted from 1.
        package var step: Int

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

    /// What Adafactor multiplies gradients with: `[1, rows]` times `[1, columns]` times a number.
    package struct Factors {
        package var rows: FloatRows
        package var columns: FloatRows
        package var scale: Float

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
