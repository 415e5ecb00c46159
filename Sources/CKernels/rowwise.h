// Row-wise kernels as plain loops, included once per instruction set with CK_TARGET and CK_NAME defined.
// The compiler vectorises them for the target; sums may be reassociated, the same way at every call.

#include "variants.h"

#include <math.h>
#include <string.h>

#define CK_INLINE CK_TARGET static inline __attribute__((always_inline))

// exp(x) for x <= 88: x = n ln2 + r with |r| <= ln2 / 2, a degree-6 polynomial for exp(r), then a scaling by 2^n.
// Relative error below 2e-7; 0 below -87.
CK_INLINE float CK_NAME(exp)(float x) {
    const float clamped = x < -87.0f ? -87.0f : (x > 88.0f ? 88.0f : x);
    const float shifted = clamped * 1.44269504f + 12582912.0f;  // rounds to an integer in the low mantissa bits
    int32_t n;
    memcpy(&n, &shifted, 4);
    n -= 0x4B400000;
    const float whole = shifted - 12582912.0f;
    const float r = (clamped - whole * 0.693359375f) + whole * 2.12194440e-4f;
    float p = 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    const int32_t bits = (n + 127) << 23;
    float power;
    memcpy(&power, &bits, 4);
    return x < -87.0f ? 0.0f : p * power;
}

typedef float CK_NAME(lanes) __attribute__((vector_size(64), aligned(4)));
typedef uint32_t CK_NAME(words) __attribute__((vector_size(64), aligned(4)));
typedef uint16_t CK_NAME(halves) __attribute__((vector_size(32), aligned(2)));
typedef int8_t CK_NAME(bytes) __attribute__((vector_size(16), aligned(1)));

// Skips NaN unless there is nothing else.
CK_INLINE float CK_NAME(max)(const float *values, size_t count) {
    float largest = values[0];
    size_t i = 0;
    if (count >= 64) {
        const CK_NAME(lanes) *vectors = (const CK_NAME(lanes) *)values;
        CK_NAME(lanes) most[4] = {vectors[0], vectors[1], vectors[2], vectors[3]};
        for (i = 64; i + 64 <= count; i += 64)
#pragma clang loop unroll(full)
            for (int v = 0; v < 4; v++)
                most[v] = __builtin_elementwise_max(vectors[i / 16 + (size_t)v], most[v]);
        for (int v = 0; v < 4; v++)
            for (int lane = 0; lane < 16; lane++) largest = most[v][lane] > largest ? most[v][lane] : largest;
    }
    for (; i < count; i++) largest = values[i] > largest ? values[i] : largest;
    return largest;
}

CK_TARGET static void CK_NAME(rms_norm)(const float *input, const float *scale, float *output, size_t rows,
                                        size_t cols, float epsilon) {
#pragma clang fp reassociate(on) contract(fast)
    for (size_t r = 0; r < rows; r++) {
        const float *in = input + r * cols;
        float *out = output + r * cols;
        float squares = 0;
        for (size_t c = 0; c < cols; c++) squares += in[c] * in[c];
        const float inverse = 1.0f / sqrtf(squares / (float)cols + epsilon);
        for (size_t c = 0; c < cols; c++) out[c] = in[c] * inverse * scale[c];
    }
}

CK_TARGET static void CK_NAME(softmax)(float *scores, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
    const float largest = CK_NAME(max)(scores, count);
    float sum = 0;
    for (size_t i = 0; i < count; i++) {
        scores[i] = CK_NAME(exp)(scores[i] - largest);
        sum += scores[i];
    }
    const float inverse = 1.0f / sum;
    for (size_t i = 0; i < count; i++) scores[i] *= inverse;
}

CK_TARGET static float CK_NAME(exponential_sum)(const float *values, size_t count, float largest) {
#pragma clang fp reassociate(on) contract(fast)
    float sum = 0;
    for (size_t i = 0; i < count; i++) sum += CK_NAME(exp)(values[i] - largest);
    return sum;
}

CK_TARGET static float CK_NAME(merged_log_sum)(const float *largest, const float *sums, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
    const float most = CK_NAME(max)(largest, count);
    float sum = 0;
    for (size_t i = 0; i < count; i++) sum += sums[i] * CK_NAME(exp)(largest[i] - most);
    return most + logf(sum);
}

CK_TARGET static float CK_NAME(largest)(const float *values, size_t count) { return CK_NAME(max)(values, count); }

CK_TARGET static float CK_NAME(exponentials)(float *values, size_t count, float largest, float scale) {
#pragma clang fp reassociate(on) contract(fast)
    float sum = 0;
    for (size_t i = 0; i < count; i++) {
        values[i] = CK_NAME(exp)((values[i] - largest) * scale);
        sum += values[i];
    }
    return sum;
}

CK_TARGET static size_t CK_NAME(argmax)(const float *values, size_t count) {
    const float largest = CK_NAME(max)(values, count);
    size_t index = 0;
    while (index + 1 < count && values[index] != largest) index++;
    return index;
}

CK_TARGET static void CK_NAME(activate)(ck_activation activation, float *values, const float *factors, size_t count) {
#pragma clang fp contract(fast)
    switch (activation) {
    case CK_RELU:
        for (size_t i = 0; i < count; i++) values[i] = values[i] > 0 ? values[i] : 0;
        break;
    case CK_GELU:
        for (size_t i = 0; i < count; i++) values[i] *= 0.5f * (1.0f + erff(values[i] * 0.70710678f));
        break;
    case CK_GELU_TANH:
        // (1 + tanh(u)) / 2 is the logistic function of 2u.
        for (size_t i = 0; i < count; i++) {
            const float x = values[i], u = 1.5957691216f * (x + 0.044715f * x * x * x);
            values[i] = x / (1.0f + CK_NAME(exp)(-u));
        }
        break;
    case CK_SILU:
        for (size_t i = 0; i < count; i++) values[i] /= 1.0f + CK_NAME(exp)(-values[i]);
        break;
    }
    if (factors)
        for (size_t i = 0; i < count; i++) values[i] *= factors[i];
}

CK_TARGET static int CK_NAME(all_finite)(const float *values, size_t count) {
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, 4);
        bits &= 0x7FFFFFFF;
        largest = bits > largest ? bits : largest;
    }
    return largest < 0x7F800000;
}

CK_TARGET static void CK_NAME(add_scaled)(const float *input, float scale, float *output, size_t count) {
    for (size_t i = 0; i < count; i++) output[i] += scale * input[i];
}

// Adds neighbouring halves, quarters, eighths, sixteenths: 16 vectors become one of their 16 sums.
#define CK_FOLD(a, b, ...) (__builtin_shufflevector(a, b, __VA_ARGS__))
CK_INLINE void CK_NAME(sums_of_16)(const CK_NAME(lanes) v[16], float *sums) {
    CK_NAME(lanes) w[8];
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++)
        w[i] = CK_FOLD(v[2 * i], v[2 * i + 1], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
               CK_FOLD(v[2 * i], v[2 * i + 1], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++)
        w[i] = CK_FOLD(w[2 * i], w[2 * i + 1], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
               CK_FOLD(w[2 * i], w[2 * i + 1], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++)
        w[i] = CK_FOLD(w[2 * i], w[2 * i + 1], 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) +
               CK_FOLD(w[2 * i], w[2 * i + 1], 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
    *(CK_NAME(lanes) *)sums = CK_FOLD(w[0], w[1], 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
                              CK_FOLD(w[0], w[1], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

// Sixteen elements of a cached row as Float32, of CK_INT8 without their scale.
#define CK_CACHED(at)                                                                                              \
    (element == CK_F32    ? *(const CK_NAME(lanes) *)(at)                                                          \
     : element == CK_BF16 ? (CK_NAME(lanes))(__builtin_convertvector(*(const CK_NAME(halves) *)(at), CK_NAME(words)) << 16) \
                          : __builtin_convertvector(*(const CK_NAME(bytes) *)(at), CK_NAME(lanes)))

// The place of a row among the keys, the values or the scales of one head, whose first row is at `head`.
CK_INLINE const char *CK_NAME(cache_row)(const char *head, int32_t row, size_t block_bytes, size_t row_bytes) {
    const size_t block = (uint32_t)row / CK_CACHE_BLOCK, place = (uint32_t)row % CK_CACHE_BLOCK;
    return head + block * block_bytes + place * row_bytes;
}

CK_INLINE float CK_NAME(cache_scale)(const char *scales, int32_t row, size_t block_bytes) {
    return *(const float *)CK_NAME(cache_row)(scales, row, block_bytes, sizeof(float));
}

// Heads of `blocks` times 16 elements.
CK_INLINE void CK_NAME(attend)(const float *query, ck_cached_head head, const int32_t *rows, size_t count,
                               const float *bias, float *scores, float *output, const int blocks,
                               const ck_element element) {
#pragma clang fp contract(fast)
    const size_t step = 16 * ck_cached_bytes(element), row_bytes = (size_t)blocks * step, block_bytes = head.block_bytes;
    CK_NAME(lanes) q[8];
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) q[b] = ((const CK_NAME(lanes) *)query)[b];
    for (size_t p = 0; p < count; p += 16) {
        CK_NAME(lanes) products[16];
#pragma clang loop unroll(full)
        for (size_t i = 0; i < 16; i++) {
            const size_t position = p + i < count ? p + i : count - 1;
            const char *key = CK_NAME(cache_row)(head.keys, rows[position], block_bytes, row_bytes);
            const char *value = CK_NAME(cache_row)(head.values, rows[position], block_bytes, row_bytes);
#pragma clang loop unroll(full)
            for (size_t line = 0; line < row_bytes; line += 64) __builtin_prefetch(value + line, 0, 3);
            CK_NAME(lanes) sum = q[0] * CK_CACHED(key);
#pragma clang loop unroll(full)
            for (int b = 1; b < blocks; b++) sum += q[b] * CK_CACHED(key + (size_t)b * step);
            products[i] = sum;
        }
        CK_NAME(sums_of_16)(products, scores + p);
    }
    if (element == CK_INT8)
        for (size_t p = 0; p < count; p++) scores[p] *= CK_NAME(cache_scale)(head.key_scales, rows[p], block_bytes);
    if (bias)
        for (size_t p = 0; p < count; p++) scores[p] += bias[p];
    CK_NAME(softmax)(scores, count);
    CK_NAME(lanes) sums[8];
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) sums[b] = (CK_NAME(lanes)){0};
    for (size_t p = 0; p < count; p++) {
        const char *value = CK_NAME(cache_row)(head.values, rows[p], block_bytes, row_bytes);
        const float scale = element == CK_INT8 ? CK_NAME(cache_scale)(head.value_scales, rows[p], block_bytes) : 1;
        const float weight = scores[p] * scale;
#pragma clang loop unroll(full)
        for (int b = 0; b < blocks; b++) sums[b] += weight * CK_CACHED(value + (size_t)b * step);
    }
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) ((CK_NAME(lanes) *)output)[b] = sums[b];
}

CK_INLINE float CK_NAME(cached_element)(const char *row, size_t index, ck_element element) {
    if (element == CK_F32) return ((const float *)row)[index];
    if (element == CK_INT8) return ((const int8_t *)row)[index];
    const uint32_t bits = (uint32_t)((const uint16_t *)row)[index] << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

// Heads of any width.
CK_TARGET static void CK_NAME(attend_any)(const float *query, ck_cached_head head, const int32_t *rows, size_t count,
                                          const float *bias, float *scores, float *output, size_t width,
                                          ck_element element) {
#pragma clang fp contract(fast)
    const size_t row_bytes = width * ck_cached_bytes(element);
    for (size_t p = 0; p < count; p++) {
        const char *key = CK_NAME(cache_row)(head.keys, rows[p], head.block_bytes, row_bytes);
        const float scale = element == CK_INT8 ? CK_NAME(cache_scale)(head.key_scales, rows[p], head.block_bytes) : 1;
        float sum = 0;
        for (size_t i = 0; i < width; i++) sum += query[i] * CK_NAME(cached_element)(key, i, element);
        scores[p] = sum * scale + (bias ? bias[p] : 0.0f);
    }
    CK_NAME(softmax)(scores, count);
    for (size_t i = 0; i < width; i++) output[i] = 0;
    for (size_t p = 0; p < count; p++) {
        const char *value = CK_NAME(cache_row)(head.values, rows[p], head.block_bytes, row_bytes);
        const float scale = element == CK_INT8 ? CK_NAME(cache_scale)(head.value_scales, rows[p], head.block_bytes) : 1;
        const float weight = scores[p] * scale;
        for (size_t i = 0; i < width; i++) output[i] += weight * CK_NAME(cached_element)(value, i, element);
    }
}

CK_TARGET static void CK_NAME(attention_row)(const float *query, ck_cache cache, size_t first, size_t end,
                                             const int32_t *rows, size_t count, const float *bias, size_t bias_stride,
                                             float *scores, float *output) {
    const size_t width = cache.width;
    for (size_t index = first; index < end; index++) {
        const ck_cached_head head = ck_head_of(cache, index);
        const float *q = query + index * width, *head_bias = bias_stride ? bias + index * bias_stride : 0;
        float *out = output + index * width;
#define CK_ATTEND_AS(blocks, element)                                                                             \
    case element: CK_NAME(attend)(q, head, rows, count, head_bias, scores, out, blocks, element); break;
#define CK_ATTEND(blocks)                                                                                         \
    case blocks * 16:                                                                                             \
        switch (cache.element) {                                                                                  \
            CK_ATTEND_AS(blocks, CK_F32) CK_ATTEND_AS(blocks, CK_BF16) CK_ATTEND_AS(blocks, CK_INT8)               \
            default: break; /* no cache is of others */                                                           \
        }                                                                                                         \
        break;
        switch (width) {
            CK_ATTEND(1) CK_ATTEND(2) CK_ATTEND(4) CK_ATTEND(8)
            default: CK_NAME(attend_any)(q, head, rows, count, head_bias, scores, out, width, cache.element);
        }
#undef CK_ATTEND
#undef CK_ATTEND_AS
    }
}

CK_TARGET static float CK_NAME(copy_row)(const float *input, size_t count, void *output) {
    memcpy(output, input, count * sizeof(float));
    return 1;
}

// To the nearest, ties to even; a NaN stays one.
CK_INLINE uint16_t CK_NAME(bf16)(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    const uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    return (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? bits >> 16 | 0x40 : rounded);
}

CK_TARGET static float CK_NAME(round_row_bf16)(const float *input, size_t count, void *output) {
    uint16_t *out = output;
    for (size_t i = 0; i < count; i++) out[i] = CK_NAME(bf16)(input[i]);
    if (count % 2) out[count] = 0;
    return 1;
}

CK_TARGET static void CK_NAME(pack_keys)(ck_element element, const float *keys, size_t stride, size_t width,
                                         size_t count, void *panel) {
    const size_t groups = element == CK_F32 ? width : (width + 1) / 2;
    uint32_t *out = panel;
    for (size_t lane = 0; lane < CK_PANEL; lane++) {
        const float *key = keys + lane * stride;
        for (size_t k = 0; k < groups; k++) {
            uint32_t group = 0;
            if (lane < count && element == CK_F32) memcpy(&group, key + k, 4);
            if (lane < count && element == CK_BF16)
                group = CK_NAME(bf16)(key[2 * k]) |
                        (2 * k + 1 < width ? (uint32_t)CK_NAME(bf16)(key[2 * k + 1]) << 16 : 0);
            out[k * CK_PANEL + lane] = group;
        }
    }
}

CK_TARGET static void CK_NAME(pack_values)(ck_element element, const float *values, size_t stride, size_t width,
                                           size_t count, void *panel) {
    uint32_t *out = panel;
    const size_t group = element == CK_F32 ? 1 : 2;
    for (size_t p = 0; p < count; p += group, out += CK_PANEL) {
        const float *first = values + p * stride, *second = first + stride;
        if (element == CK_F32) memcpy(out, first, width * 4);
        else if (p + 1 < count)
            for (size_t i = 0; i < width; i++)
                out[i] = CK_NAME(bf16)(first[i]) | (uint32_t)CK_NAME(bf16)(second[i]) << 16;
        else
            for (size_t i = 0; i < width; i++) out[i] = CK_NAME(bf16)(first[i]);
        memset(out + width, 0, (CK_PANEL - width) * 4);
    }
}

#include "outliers.h"

CK_TARGET static void CK_NAME(store_cache_row)(const float *input, ck_cache cache, int32_t row) {
    const size_t width = cache.width, row_bytes = width * ck_cached_bytes(cache.element);
    const size_t block_bytes = ck_block_bytes(cache);
    for (size_t index = 0; index < 2 * cache.heads; index++, input += width) {
        const ck_cached_head head = ck_head_of(cache, index);
        char *out = (char *)CK_NAME(cache_row)(head.keys, row, block_bytes, row_bytes);
        if (cache.element == CK_F32) memcpy(out, input, width * 4);
        if (cache.element == CK_BF16)
            for (size_t i = 0; i < width; i++) ((uint16_t *)out)[i] = CK_NAME(bf16)(input[i]);
        if (cache.element == CK_INT8)
            *(float *)CK_NAME(cache_row)(head.key_scales, row, block_bytes, sizeof(float)) = CK_NAME(round_below)(
                input, width, CK_NAME(measure)(input, width, INFINITY).largest, INFINITY, 0, (uint8_t *)out);
    }
}

// In place, by way of a buffer: what is written lies before what is still to be read.
CK_TARGET static float CK_NAME(round_weights)(ck_element element, float *row, size_t count, int32_t *offset) {
    enum { chunk = 256 };
    if (element == CK_BF16) {
        for (size_t start = 0; start < count; start += chunk) {
            const size_t used = count - start < chunk ? count - start : chunk;
            uint16_t rounded[chunk + 1];
            (void)CK_NAME(round_row_bf16)(row + start, used, rounded);
            memcpy((uint16_t *)row + start, rounded, (used + used % 2) * 2);
        }
        return 1;
    }
    float largest = 0;
    for (size_t i = 0; i < count; i++) {
        const float magnitude = row[i] < 0 ? -row[i] : row[i];
        largest = magnitude > largest ? magnitude : largest;
    }
    const float inverse = largest >= 1e-36f ? 127.0f / largest : 0.0f;
    int32_t sum = 0;
    for (size_t start = 0; start < count; start += chunk) {
        const size_t used = count - start < chunk ? count - start : chunk;
        int8_t rounded[chunk + 3] = {0};
        for (size_t i = 0; i < used; i++) {
            const float shifted = row[start + i] * inverse + 12582912.0f;  // an integer in the low mantissa bits
            uint32_t bits;
            memcpy(&bits, &shifted, 4);
            rounded[i] = (int8_t)bits;
            sum += rounded[i];
        }
        memcpy((int8_t *)row + start, rounded, (used + 3) / 4 * 4);
    }
    *offset = 128 * sum;
    return largest / 127.0f;
}

CK_TARGET static uint64_t CK_NAME(read_memory)(const void *memory, size_t bytes) {
    typedef uint64_t vector __attribute__((vector_size(64)));
    const vector *vectors = memory;
    vector sums[4] = {{0}};
    for (size_t i = 0; i < bytes / sizeof(vector); i += 4)
#pragma clang loop unroll(full)
        for (size_t j = 0; j < 4; j++) sums[j] ^= vectors[i + j];
    uint64_t sum = 0;
    for (size_t j = 0; j < 4; j++)
        for (size_t lane = 0; lane < 8; lane++) sum ^= sums[j][lane];
    return sum;
}

#include "fourbit.h"
#include "trainwise.h"

// The row-wise kernels of a table.
#define CK_ROWWISE                                                                                               \
    .pack_keys = CK_NAME(pack_keys), .pack_values = CK_NAME(pack_values),                                        \
    .round_row = {CK_NAME(copy_row), CK_NAME(round_row_bf16), CK_NAME(round_row_int8), CK_NAME(round_row_int4)}, \
    .begin_runs = CK_NAME(begin_runs), .pack_run = CK_NAME(pack_run),                                             \
    .round_weights = CK_NAME(round_weights),                                                                     \
    .read_memory = CK_NAME(read_memory), .rms_norm = CK_NAME(rms_norm), .softmax = CK_NAME(softmax),             \
    .max = CK_NAME(largest), .exponentials = CK_NAME(exponentials),                                             \
    .exponential_sum = CK_NAME(exponential_sum),                                                                   \
    .merged_log_sum = CK_NAME(merged_log_sum), .argmax = CK_NAME(argmax), .activate = CK_NAME(activate), .all_finite = CK_NAME(all_finite),           \
    .add_scaled = CK_NAME(add_scaled), .store_cache_row = CK_NAME(store_cache_row),                                \
    .attention_row = CK_NAME(attention_row), CK_TRAINWISE
