import CKernels

/// The row-wise operations of training and what they hand back of gradients.
extension FloatRows {
    /// Adds `source` times `scale`.
    package func add(_ source: FloatRows, scale: Float = 1) {
        precondition(source.rows == rows && source.columns == columns, "sizes differ")
        if isPacked, source.isPacked {
            ck_add_scaled_f32(source.base, scale, base, count)
        } else {
            for row in 0..<rows {
                ck_add_scaled_f32(source.base + row * source.stride, scale, base + row * stride, columns)
            }
        }
    }

    /// Multiplies every element.
    package func scale(by factor: Float) {
        for row in 0..<rows { ck_multiply_f32(base + row * stride, factor, columns) }
    }

    /// Adds row `r` of `source` times `scale` to row `row`.
    package func addRow(_ row: Int, _ source: FloatRows, row other: Int, scale: Float) {
        precondition(row >= 0 && row < rows && other >= 0 && other < source.rows && source.columns == columns)
        ck_add_scaled_f32(source.base + other * source.stride, scale, base + row * stride, columns)
    }

    /// The sum of the products of the elements of two rows.
    package func dot(row: Int, _ other: FloatRows, row otherRow: Int) -> Float {
        precondition(row >= 0 && row < rows && otherRow >= 0 && otherRow < other.rows && other.columns == columns)
        return ck_dot_f32(base + row * stride, other.base + otherRow * other.stride, columns)
    }

    /// Of all elements: 4096 at a time in Float32, their sums in Float64.
    ///
    /// - Precondition: there are no gaps.
    package var sumOfSquares: Double {
        precondition(isPacked)
        return ck_sum_of_squares_f32(base, count)
    }

    /// Drops elements with probability `rate`, dividing the others by 1 - `rate`; the same `key` drops the same places.
    package func drop(rate: Float, key: UInt64) {
        precondition(isPacked && rate >= 0 && rate < 1)
        if rate > 0 { ck_drop_f32(base, count, key, rate) }
    }

    /// Multiplies every element by a number between 1 - `range` and 1 + `range`, the same for the same `key` and place.
    package func jitter(range: Float, key: UInt64) {
        precondition(isPacked)
        if range > 0 { ck_jitter_f32(base, count, key, range) }
    }

    /// Fills these rows with those of `input` divided by their root mean square, times `scale`, `[1, columns]`.
    package func normalize(_ input: FloatRows, scale: FloatRows, epsilon: Float) {
        precondition(isPacked && input.isPacked && input.count == count && scale.count == columns)
        ck_rms_norm_f32(input.base, scale.base, base, rows, columns, epsilon)
    }

    /// Adds to these rows, the gradient of `input`, what `normalize` hands back of `gradient`; and to `scaleGradient`.
    package func addNormGradient(
        _ gradient: FloatRows,
        input: FloatRows,
        scale: (value: FloatRows, gradient: FloatRows),
        epsilon: Float
    ) {
        precondition(isPacked && input.isPacked && gradient.isPacked)
        precondition(input.count == count && gradient.count == count)
        precondition(scale.value.count == columns && scale.gradient.count == columns)
        ck_rms_norm_gradient_f32(
            input.base,
            scale.value.base,
            gradient.base,
            base,
            scale.gradient.base,
            rows,
            columns,
            epsilon
        )
    }

    /// Turns every row into probabilities.
    package func softmax() {
        guard columns > 0 else { return }
        for row in 0..<rows { ck_softmax_f32(base + row * stride, columns) }
    }

    /// Turns the gradient of `probabilities` into that of the scores they came from.
    package func softmaxGradient(_ probabilities: FloatRows) {
        precondition(probabilities.rows == rows && probabilities.columns == columns)
        for row in 0..<rows {
            ck_softmax_gradient_f32(probabilities.base + row * probabilities.stride, base + row * stride, columns)
        }
    }

    /// Replaces negative elements by 0.
    package func rectify() {
        precondition(isPacked)
        ck_activate_f32(CK_RELU, base, nil, count)
    }

    /// Turns the gradient of `output`, what `rectify` and then `drop` left, into that of their input.
    package func rectifyGradient(_ output: FloatRows, dropRate: Float) {
        precondition(isPacked && output.isPacked && output.count == count)
        ck_relu_gradient_f32(output.base, 1 / (1 - dropRate), base, count)
    }

    /// Fills these rows with an activation of `inner`: of all its columns, or, where it has twice as many as these rows, of the
    /// left half times the right half.
    package func activate(_ activation: Activation, of inner: FloatRows) {
        precondition(inner.rows == rows && (inner.columns == columns || inner.columns == 2 * columns), "sizes differ")
        let isGated = inner.columns > columns
        copy(inner[columns: 0..<columns])
        for row in 0..<rows {
            let factors = isGated ? inner.base + row * inner.stride + columns : nil
            ck_activate_f32(activation.element, base + row * stride, factors, columns)
        }
    }

    /// Turns the gradient of these rows, what `activate` made of `inner`, into that of `inner`: fills `innerGradient`.
    package func activationGradient(_ activation: Activation, of inner: FloatRows, into innerGradient: FloatRows) {
        precondition(inner.rows == rows && (inner.columns == columns || inner.columns == 2 * columns), "sizes differ")
        precondition(innerGradient.rows == rows && innerGradient.columns == inner.columns, "sizes differ")
        let isGated = inner.columns > columns
        for row in 0..<rows {
            let (input, into) = (inner.base + row * inner.stride, innerGradient.base + row * innerGradient.stride)
            ck_activation_gradient_f32(
                activation.element,
                input,
                isGated ? input + columns : nil,
                base + row * stride,
                into,
                isGated ? into + columns : nil,
                columns
            )
        }
    }

    /// log(sum(exp(x))) of a row.
    package func logSum(row: Int) -> Float {
        precondition(row >= 0 && row < rows && columns > 0)
        var largest = ck_max_f32(base + row * stride, columns)
        var sum = ck_exponential_sum_f32(base + row * stride, columns, largest)
        return ck_merged_log_sum_f32(&largest, &sum, 1)
    }

    /// Turns logits of a row into the gradient of `weight` times the cross-entropy against `label`.
    package func crossEntropy(row: Int, label: Int, smoothing: Float, weight: Float) -> TokenLoss {
        precondition(row >= 0 && row < rows && label >= 0 && label < columns)
        let loss = ck_cross_entropy_f32(base + row * stride, columns, label, smoothing, weight)
        return TokenLoss(
            negativeLogLikelihood: loss.negative_log_likelihood,
            smoothed: loss.smoothed,
            isBest: loss.is_best != 0
        )
    }
}

/// What one token adds to the loss, in nats.
package struct TokenLoss {
    /// -log p(label): 0 or more.
    package let negativeLogLikelihood: Float
    /// With some of the probability wanted spread over the whole vocabulary.
    package let smoothed: Float
    /// Whether no token had a larger logit than the right one.
    package let isBest: Bool
}
