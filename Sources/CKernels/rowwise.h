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

CK_INLINE float CK_NAME(max)(const float *values, size_t count) {
#pragma clang fp reassociate(on)
    float largest = values[0];
    for (size_t i = 1; i < count; i++) largest = values[i] > largest ? values[i] : largest;
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

CK_TARGET static float CK_NAME(log_sum_exp)(const float *values, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
    const float largest = CK_NAME(max)(values, count);
    float sum = 0;
    for (size_t i = 0; i < count; i++) sum += CK_NAME(exp)(values[i] - largest);
    return largest + logf(sum);
}

CK_TARGET static size_t CK_NAME(argmax)(const float *values, size_t count) {
    const float largest = CK_NAME(max)(values, count);
    size_t index = 0;
    while (index + 1 < count && values[index] != largest) index++;
    return index;
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

CK_TARGET static void CK_NAME(attention_row)(const float *query, const float *keys, const float *values,
                                             size_t stride, const int32_t *rows, size_t count, size_t width,
                                             const float *bias, float *scores, float *output) {
#pragma clang fp reassociate(on) contract(fast)
    for (size_t p = 0; p < count; p++) {
        const float *key = keys + (rows ? (size_t)rows[p] : p) * stride;
        float sum = 0;
        for (size_t i = 0; i < width; i++) sum += query[i] * key[i];
        scores[p] = sum + (bias ? bias[p] : 0.0f);
    }
    CK_NAME(softmax)(scores, count);
    for (size_t i = 0; i < width; i++) output[i] = 0;
    for (size_t p = 0; p < count; p++) {
        const float *value = values + (rows ? (size_t)rows[p] : p) * stride;
        const float weight = scores[p];
        for (size_t i = 0; i < width; i++) output[i] += weight * value[i];
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

CK_TARGET static float CK_NAME(round_row_int8)(const float *input, size_t count, void *output) {
    uint8_t *out = output;
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, input + i, 4);
        bits &= 0x7FFFFFFF;
        largest = bits > largest ? bits : largest;
    }
    float magnitude;
    memcpy(&magnitude, &largest, 4);
    // Below, 127 / magnitude would not be finite; such a row is as good as 0.
    const float inverse = magnitude >= 1e-36f ? 127.0f / magnitude : 0.0f;
    for (size_t i = 0; i < count; i++) {
        const float shifted = input[i] * inverse + (12582912.0f + 128.0f);  // an integer in the low mantissa bits
        uint32_t bits;
        memcpy(&bits, &shifted, 4);
        out[i] = (uint8_t)bits;
    }
    for (size_t i = count; i % 4; i++) out[i] = 128;
    return magnitude / 127.0f;
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

// The row-wise kernels of a table.
#define CK_ROWWISE                                                                                               \
    .round_row = {CK_NAME(copy_row), CK_NAME(round_row_bf16), CK_NAME(round_row_int8)},                          \
    .read_memory = CK_NAME(read_memory), .rms_norm = CK_NAME(rms_norm), .softmax = CK_NAME(softmax),             \
    .log_sum_exp = CK_NAME(log_sum_exp), .argmax = CK_NAME(argmax), .all_finite = CK_NAME(all_finite),           \
    .add_scaled = CK_NAME(add_scaled), .attention_row = CK_NAME(attention_row)
