#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

// Conventions for every kernel in this header:
//  - Matrices are row-major Float32; a stride is the distance between rows, in elements.
//  - Buffers do not overlap unless the comment says a call may run in place.
//  - Kernels never allocate, never fail, never keep a pointer, and use the calling thread only.
//  - A row's result does not depend on how many rows a call is given: sums run in the same order.

#ifdef __cplusplus
extern "C" {
#endif

/// Outputs in one panel of packed weights.
#define CK_PANEL 32

/// What a product does with what the output holds already.
typedef enum {
    /// output = sum
    CK_STORE,
    /// output = max(sum, 0)
    CK_STORE_RELU,
    /// output = output + sum
    CK_ADD,
} ck_epilogue;

/// One panel of a matrix product: for each row r and each of the first `outputs` columns j,
/// sum over k of input[r, k] * panel[k, j].
///
/// panel: [inputs, CK_PANEL], aligned to 64 bytes, columns past `outputs` are zero. output points at the panel's first column.
/// outputs: 1 to CK_PANEL.
void ck_product_panel_f32(const float *input, size_t input_stride, const float *panel, size_t inputs,
                          float *output, size_t output_stride, size_t outputs, size_t rows, ck_epilogue epilogue);

/// output[r, c] = input[r, c] * scale[c] / sqrt(mean_c(input[r, c]^2) + epsilon)
///
/// input, output: [rows, cols] without gaps, may be the same buffer. scale: [cols].
void ck_rms_norm_f32(const float *input, const float *scale, float *output, size_t rows, size_t cols, float epsilon);

/// Turns scores into probabilities in place: exp(x - max) / sum. count at least 1.
void ck_softmax_f32(float *scores, size_t count);

/// log(sum(exp(x))) of count values, count at least 1.
float ck_log_sum_exp_f32(const float *values, size_t count);

/// The index of the largest of count values, the first of equals; count at least 1. Unspecified with NaN among them.
size_t ck_argmax_f32(const float *values, size_t count);

/// 1 when none of count values is infinite or NaN.
int ck_all_finite_f32(const float *values, size_t count);

/// output[i] += scale * input[i]
void ck_add_scaled_f32(const float *input, float scale, float *output, size_t count);

/// One query row of one attention head against `count` cached rows.
///
/// query: [width]. keys, values point at the head's first column of row 0; row p of the cache is `rows[p]`,
/// or p itself when rows is NULL. bias: [count] or NULL. scores: scratch of [count]. output: [width].
void ck_attention_row_f32(const float *query, const float *keys, const float *values, size_t stride,
                          const int32_t *rows, size_t count, size_t width,
                          const float *bias, float *scores, float *output);

/// Tells the processor that the caller waits in a loop.
static inline void ck_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/// The instruction sets kernels are written for, best last.
typedef enum {
    CK_PLAIN,
    CK_AVX2,
    CK_AVX512,
} ck_instruction_set;

/// The best instruction set of this processor.
ck_instruction_set ck_best_instruction_set(void);

/// Chooses what every kernel runs on from now on; more than the processor has is lowered to its best.
/// Call it before other threads use kernels. The first kernel call chooses the best set itself.
void ck_use_instruction_set(ck_instruction_set set);

/// What kernels run on now.
ck_instruction_set ck_current_instruction_set(void);

#ifdef __cplusplus
}
#endif
#endif
