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

/// What a product multiplies. Sums are Float32, or Int32 from CK_INT8 on, whatever the elements are.
typedef enum {
    CK_F32,
    /// Float32 without its lower 16 bits.
    CK_BF16,
    /// Weights from -127 to 127 and rows from 1 to 255, which stand for -127 to 127; each with a scale.
    CK_INT8,
    /// Weights of 4 bits, step * (m * q - e): q from 0 to 15, m from 1 to 17 and e from 0 to 255 for each run of
    /// CK_INT4_RUN inputs of an output, whose step is Float32. Rows from -127 to 127 with a scale each.
    CK_INT4,
    /// Weights of 3 bits, as CK_INT4's but for q, which is from 0 to 7, and m, from 1 to 36. Their rows are CK_INT4's.
    CK_INT3,
    /// Of 2 bits: q from 0 to 3, m from 1 to 85.
    CK_INT2,
} ck_element;

/// How many there are.
#define CK_ELEMENTS 6

/// Inputs of an output that share a multiplier and an offset.
#define CK_INT4_RUN 32
/// Inputs of CK_INT4 are padded to whole blocks of two runs.
#define CK_INT4_BLOCK (2 * CK_INT4_RUN)

/// Whether weights are whole numbers under a multiplier and an offset for each run: CK_INT4, CK_INT3, CK_INT2.
static inline int ck_has_runs(ck_element element) { return element >= CK_INT4; }

/// Elements are taken in groups of 4 bytes: 1, 2 or 4 of them. For elements with runs those of rows.
static inline size_t ck_group(ck_element element) { return element == CK_F32 ? 1 : element == CK_BF16 ? 2 : 4; }

/// Groups of a row of `count` elements.
static inline size_t ck_row_groups(ck_element element, size_t count) {
    const size_t unit = ck_has_runs(element) ? CK_INT4_BLOCK : ck_group(element);
    return (count + unit - 1) / unit * (unit / ck_group(element));
}

/// 4-byte words of a row: its groups and, with runs, a word for each block: minus the sums of its two runs, Int16.
static inline size_t ck_row_words(ck_element element, size_t count) {
    const size_t groups = ck_row_groups(element, count);
    return ck_has_runs(element) ? groups + groups * ck_group(element) / CK_INT4_BLOCK : groups;
}

/// An element of a row that is too large to share a scale with the others.
typedef struct {
    uint32_t column;
    float value;
} ck_outlier;

/// Outliers of a row, at most.
static inline size_t ck_most_outliers(size_t columns) { return columns / 8; }

/// Whether elements of a row share a scale, and outliers stay apart.
static inline int ck_keeps_apart(ck_element element) { return element >= CK_INT8; }

/// Bytes of a rounded row: its words and, where elements share a scale, how many outliers it has, a uint32_t, and room for
/// them.
static inline size_t ck_row_bytes(ck_element element, size_t columns) {
    const size_t outliers = ck_keeps_apart(element) ? 4 + ck_most_outliers(columns) * sizeof(ck_outlier) : 0;
    return ck_row_words(element, columns) * 4 + outliers;
}

/// The bytes of a rounded row that are used.
static inline size_t ck_used_row_bytes(ck_element element, size_t columns, const void *row) {
    if (!ck_keeps_apart(element)) return ck_row_bytes(element, columns);
    const size_t words = ck_row_words(element, columns);
    return (words + 1) * 4 + ((const uint32_t *)row)[words] * sizeof(ck_outlier);
}

/// Rows of the input of a product: whole groups, the last one padded so that it adds nothing. For CK_INT8 and CK_INT4
/// the row's outliers follow, in the order of their columns; among the groups they are 0.
typedef struct {
    const void *data;
    /// Bytes between rows.
    size_t stride;
    /// CK_INT8, CK_INT4: what one step of each row is worth.
    const float *scales;
} ck_rows;

/// 32 outputs of a weight matrix, [groups, CK_PANEL, elements of a group], aligned to 64 bytes; outputs past the matrix are 0.
///
/// CK_INT4: for each block of inputs the multipliers, [2 runs, CK_PANEL] bytes, the offsets, [CK_PANEL, 2 runs] bytes, and
/// the weights, [8 inputs each, CK_PANEL, 4] bytes: the first 4 of the inputs in the low halves, the others in the high.
/// CK_INT3, CK_INT2: the same multipliers and offsets, then for each run the two low bits of its weights, [16 inputs each,
/// CK_PANEL, 4] bytes, the first 4 of the inputs in the lowest bits, and for CK_INT3 the third bits, [CK_PANEL, 4] bytes, of
/// the first 4 inputs of the run in the lowest bit.
typedef struct {
    const void *data;
    /// Of a row.
    size_t groups;
    /// Where elements share a scale, [CK_PANEL]: what one step of each output is worth. CK_INT8: 128 times the sum of its
    /// weights.
    const float *scales;
    const int32_t *offsets;
} ck_panel;

/// Bits of a weight with runs.
static inline size_t ck_run_bits(ck_element element) { return element == CK_INT4 ? 4 : element == CK_INT3 ? 3 : 2; }

/// 4-byte words of a block of a panel with runs.
static inline size_t ck_block_words(ck_element element) {
    return CK_PANEL * (4 + CK_INT4_BLOCK * ck_run_bits(element) / 8) / 4;
}

/// 4-byte words of a panel's weights, its scales and offsets apart.
static inline size_t ck_panel_words(ck_element element, size_t inputs) {
    const size_t groups = ck_row_groups(element, inputs);
    if (ck_has_runs(element)) return groups * ck_group(element) / CK_INT4_BLOCK * ck_block_words(element);
    return groups * CK_PANEL;
}

/// One panel of a matrix product: for each row r and each of the first `outputs` columns j,
/// sum over k of input[r, k] * panel[j, k].
///
/// output points at the panel's first column; its stride is in floats. outputs: 1 to CK_PANEL.
void ck_product_panel(ck_element element, ck_rows input, ck_panel panel, float *output, size_t output_stride,
                      size_t outputs, size_t rows, ck_epilogue epilogue);

/// Lays `outputs` rows of weights, [outputs, inputs] without gaps, out as a panel and, where elements share a scale, fills
/// its scales; for CK_INT8 its offsets, too. The weights are overwritten.
void ck_pack_panel(ck_element element, float *weights, size_t inputs, size_t outputs, void *panel, float *scales,
                   int32_t *offsets);

/// Begins a panel with runs that is packed run by run: clears it and fills its scales, and what turns weights into steps,
/// [CK_PANEL].
void ck_begin_runs(ck_element element, const float *weights, size_t inputs, size_t outputs, void *panel, float *scales,
                   float *inverses);

/// Packs one run of such a panel, inputs `first` to `first + count`: input by input, what rounding an input missed is taken
/// from the inputs of the run that follow it (GPTQ, Frantar and others, 2022).
///
/// weights: [outputs, inputs], of which the run's are replaced by minus what each missed, divided by its factor on the
/// diagonal: times the rows of the factor it is what is to be added to the inputs after the run.
/// factor: rows `first` on of the upper triangular U with UᵀU the inverse of the inputs' products, [count, inputs]; NULL
/// to round every input by itself and leave the weights.
void ck_pack_run(ck_element element, float *weights, size_t inputs, size_t outputs, size_t first, size_t count,
                 const float *factor, const float *inverses, void *panel);

/// Lays keys out as a panel, CK_F32 or CK_BF16, whose outputs are `count` positions, 1 to CK_PANEL, and whose inputs are
/// their `width` elements. stride: floats between positions.
void ck_pack_keys(ck_element element, const float *keys, size_t stride, size_t width, size_t count, void *panel);

/// Lays values out as a panel, CK_F32 or CK_BF16, whose outputs are `width` elements, 1 to CK_PANEL, and whose inputs are
/// `count` positions.
void ck_pack_values(ck_element element, const float *values, size_t stride, size_t width, size_t count, void *panel);

/// Rounds one row of `count` values to ck_row_bytes; returns the row's scale, 1 unless CK_INT8 or CK_INT4. Which elements are
/// outliers depends on the row alone. A NaN or an infinity makes every sum of the row one.
float ck_round_row(ck_element element, const float *input, size_t count, void *output);

/// What stands between the two products of a feed-forward layer.
typedef enum {
    CK_RELU,
    /// x * (1 + erf(x / sqrt 2)) / 2
    CK_GELU,
    /// x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2
    CK_GELU_TANH,
    /// x / (1 + exp(-x))
    CK_SILU,
} ck_activation;

/// values[i] = activation(values[i]), times factors[i] where factors is not NULL.
void ck_activate_f32(ck_activation activation, float *values, const float *factors, size_t count);

/// Turns `count` bfloat16 values into Float32.
void ck_widen_bf16(const void *input, size_t count, float *output);

/// output[r, c] = input[r, c] * scale[c] / sqrt(mean_c(input[r, c]^2) + epsilon)
///
/// input, output: [rows, cols] without gaps, may be the same buffer. scale: [cols].
void ck_rms_norm_f32(const float *input, const float *scale, float *output, size_t rows, size_t cols, float epsilon);

/// Turns scores into probabilities in place: exp(x - max) / sum. count at least 1.
void ck_softmax_f32(float *scores, size_t count);

/// The sum of exp(value - largest); count at least 1.
float ck_exponential_sum_f32(const float *values, size_t count, float largest);

/// log(sum(exp(x))) of values of which `count` runs, at least 1, are known by their largest and their
/// ck_exponential_sum_f32.
float ck_merged_log_sum_f32(const float *largest, const float *sums, size_t count);

/// The index of the largest of count values, the first of equals; count at least 1. Unspecified with NaN among them.
size_t ck_argmax_f32(const float *values, size_t count);

/// The largest of count values, NaN skipped unless there is nothing else; count at least 1.
float ck_max_f32(const float *values, size_t count);

/// Replaces each value by exp((value - largest) * scale), 0 where that is below exp(-87); returns their sum.
float ck_exponentials_f32(float *values, size_t count, float largest, float scale);

/// 1 when none of count values is infinite or NaN.
int ck_all_finite_f32(const float *values, size_t count);

/// output[i] += scale * input[i]
void ck_add_scaled_f32(const float *input, float scale, float *output, size_t count);

/// Rows in a block of cached keys and values.
#define CK_CACHE_BLOCK 16

/// Keys and values of one layer in blocks of rows: [keys then values, heads, CK_CACHE_BLOCK, width], so that what one head
/// reads of neighbouring rows lies together. CK_INT8: from -127 to 127, and behind them in each block what one step of a
/// row is worth, Float32 [keys then values, heads, CK_CACHE_BLOCK].
typedef struct {
    ck_element element;
    /// Block 0, aligned to 64 bytes.
    void *data;
    size_t heads;
    size_t width;
} ck_cache;

/// Rounds keys and values of one position, [keys then values, heads, width] without gaps, into row `row`.
void ck_store_cache_row(const float *input, ck_cache cache, int32_t row);

/// One query row of heads `first` up to `end` against `count` cached rows, count at least 1.
///
/// query, output: [heads, width]. rows: [count], which rows of the cache, in order. bias: [heads, bias_stride], of which
/// the first `count` of a head are added to its scores; none when bias_stride is 0.
/// scores: of count rounded up to a multiple of 16; left as the weights of the last head, [count].
void ck_attention_row(const float *query, ck_cache cache, size_t first, size_t end, const int32_t *rows, size_t count,
                      const float *bias, size_t bias_stride, float *scores, float *output);

/// Reads `bytes` bytes, a multiple of 256 and aligned to 64, and returns something that depends on all of them:
/// how fast memory is.
uint64_t ck_read_memory(const void *memory, size_t bytes);

/// Runs `steps` steps of multiplications in registers; returns the operations done, a multiplication and an addition
/// counting as two: how fast arithmetic is.
uint64_t ck_run_arithmetic(ck_element element, size_t steps);

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
    /// And its products of 8-bit integers (VNNI).
    CK_AVX512_VNNI,
    /// And of bfloat16.
    CK_AVX512_BF16,
} ck_instruction_set;

/// The fastest instruction set of this processor: the last it has, but for bfloat16 where a few hundred microseconds of
/// measuring show that Float32 multiplies faster.
ck_instruction_set ck_best_instruction_set(void);

/// Whether the processor has CK_AVX512_BF16, fast or slow.
int ck_has_bf16(void);

/// Chooses what every kernel runs on from now on; more than the processor has is lowered to the last that it has.
/// Call it before other threads use kernels. Without it the first kernel call chooses: what the environment variable
/// SWITCHYARD_INSTRUCTION_SET names (plain, avx2, avx512, avx512-vnni, avx512-bf16), else the best set.
void ck_use_instruction_set(ck_instruction_set set);

/// What kernels run on now.
ck_instruction_set ck_current_instruction_set(void);

#ifdef __cplusplus
}
#endif

#include "CKernelsTraining.h"

#endif
