#ifndef CKERNELS_TRAINING_H
#define CKERNELS_TRAINING_H

#include <stddef.h>
#include <stdint.h>

// Kernels of training, part of CKernels.h, whose conventions hold here too.

#ifdef __cplusplus
extern "C" {
#endif

/// Drops each of `count` values with probability `rate`, 0 up to 1 exclusive, and divides the others by 1 - rate.
/// Which are dropped depends on `key` and their place alone, so that the same call drops their gradients.
void ck_drop_f32(float *values, size_t count, uint64_t key, float rate);

/// Multiplies each value by a number between 1 - range and 1 + range, which depends on `key` and its place alone.
void ck_jitter_f32(float *values, size_t count, uint64_t key, float range);

/// Adds to input_gradient and scale_gradient what ck_rms_norm_f32 of `input` hands back of output_gradient.
///
/// input, output_gradient, input_gradient: [rows, cols] without gaps. scale, scale_gradient: [cols].
void ck_rms_norm_gradient_f32(const float *input, const float *scale, const float *output_gradient,
                              float *input_gradient, float *scale_gradient, size_t rows, size_t cols, float epsilon);

/// Turns the gradient of probabilities into that of the scores they are the softmax of, in place.
void ck_softmax_gradient_f32(const float *probabilities, float *gradient, size_t count);

/// gradient[i] = gradient[i] * kept where output[i] is positive, else 0.
void ck_relu_gradient_f32(const float *output, float kept, float *gradient, size_t count);

/// What ck_activate_f32 hands back: fills input_gradient with gradient * activation'(input) * factors, and factor_gradient,
/// where there are factors, with gradient * activation(input). Both are NULL or neither is, of factors and factor_gradient.
void ck_activation_gradient_f32(ck_activation activation, const float *input, const float *factors,
                                const float *gradient, float *input_gradient, float *factor_gradient, size_t count);

/// What one token adds to the loss, in nats.
typedef struct {
    float negative_log_likelihood;
    /// With `smoothing` of the probability wanted spread over the whole vocabulary.
    float smoothed;
    /// Whether no logit is larger than the label's.
    int is_best;
} ck_token_loss;

/// Turns logits into the gradient of `weight` times the smoothed loss, in place. label: below count.
ck_token_loss ck_cross_entropy_f32(float *logits, size_t count, size_t label, float smoothing, float weight);

/// The sum of the squares: of up to 4096 taken in Float32, of those sums in double.
double ck_sum_of_squares_f32(const float *values, size_t count);

/// The sum of left[i] * right[i].
float ck_dot_f32(const float *left, const float *right, size_t count);

/// values[i] *= factor
void ck_multiply_f32(float *values, float factor, size_t count);

/// values[i] += share * (target[i] - values[i])
void ck_blend_f32(float *values, const float *target, float share, size_t count);

/// One step of AdamW (Loshchilov and Hutter, 2019, algorithm 2).
typedef struct {
    /// Gradients are multiplied by it first: clipping.
    float gradient_scale;
    float rate;
    float first_decay, second_decay;
    /// 1 / (1 - first_decay^t), and the root of the same for the second.
    float first_correction, second_correction;
    float epsilon;
    /// 1 - rate * weight decay.
    float shrinking;
} ck_adam_step;

/// Updates values and both moments of `count` weights; moments below 1e-30 and 1e-36 become 0.
void ck_adam_f32(float *values, const float *gradient, float *first, float *second, size_t count, ck_adam_step step);

/// Means over rows and over columns of (gradient * scale)^2 + floor.
///
/// gradient: [rows, cols] without gaps. row_means: [rows]. column_means: [cols].
void ck_square_means_f32(const float *gradient, float scale, float floor, size_t rows, size_t cols, float *row_means,
                         float *column_means);

/// The sum of (gradient[r, c] * scale * row_factors[r] * column_factors[c])^2.
double ck_factored_squares_f32(const float *gradient, float scale, const float *row_factors,
                               const float *column_factors, size_t rows, size_t cols);

/// One step of Adafactor (Shazeer and Stern, 2018): what gradients are multiplied with.
typedef struct {
    float scale;
    const float *row_factors, *column_factors;
    /// 1 - rate * weight decay.
    float shrinking;
} ck_factored_step;

/// values[r, c] = values[r, c] * shrinking - scale * row_factors[r] * column_factors[c] * gradient[r, c]
void ck_factored_step_f32(float *values, const float *gradient, ck_factored_step step, size_t rows, size_t cols);

/// Rounds to the nearest bfloat16, ties to even. May run in place. A NaN may become an infinity.
void ck_round_to_bf16_f32(const float *input, float *output, size_t count);

#ifdef __cplusplus
}
#endif
#endif
