#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_TARGET __attribute__((target("avx2,fma")))
#define CK_NAME(name) avx2_##name
#include "rowwise.h"

#define CK_ROWS 3
#define CK_VECTORS 4

CK_INLINE void store(float *out, size_t outputs, const __m256 sums[4], ck_epilogue epilogue) {
    float buffer[CK_PANEL];
    for (int i = 0; i < 4; i++) _mm256_storeu_ps(buffer + 8 * i, sums[i]);
    for (size_t j = 0; j < outputs; j++) {
        if (epilogue == CK_ADD) out[j] += buffer[j];
        else out[j] = epilogue == CK_STORE_RELU && buffer[j] < 0 ? 0 : buffer[j];
    }
}

CK_INLINE void finish_int8(float *out, size_t outputs, const __m256i sums[4], ck_panel panel, float scale,
                           ck_epilogue epilogue) {
    __m256 values[4];
    for (int v = 0; v < 4; v++) {
        const __m256i offsets = _mm256_loadu_si256((const __m256i *)(panel.offsets + 8 * v));
        const __m256 sum = _mm256_cvtepi32_ps(_mm256_sub_epi32(sums[v], offsets));
        values[v] = _mm256_mul_ps(_mm256_mul_ps(sum, _mm256_loadu_ps(panel.scales + 8 * v)), _mm256_set1_ps(scale));
    }
    store(out, outputs, values, epilogue);
}

#define CK_PRODUCT avx2_product_f32
#define CK_ARITHMETIC avx2_arithmetic_f32
#define CK_GROUP 1
#define sum_t __m256
#define word_t __m256
#define ZERO _mm256_setzero_ps()
#define LOAD(p) _mm256_load_ps((const float *)(p))
#define REPEAT(p) _mm256_set1_ps(*(const float *)(p))
#define STEP(sum, row, weights) _mm256_fmadd_ps(row, weights, sum)
#define FINISH(out, outputs, sums, panel, scale, epilogue) store(out, outputs, sums, epilogue)
#include "product.h"

// Each half of a word is a Float32 once the other half is cleared.
CK_INLINE __m256 step_bf16(__m256 sum, __m256i row, __m256i weights) {
    const __m256i high = _mm256_set1_epi32((int)0xFFFF0000);
    sum = _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_slli_epi32(row, 16)),
                          _mm256_castsi256_ps(_mm256_slli_epi32(weights, 16)), sum);
    return _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_and_si256(row, high)),
                           _mm256_castsi256_ps(_mm256_and_si256(weights, high)), sum);
}

#define CK_PRODUCT avx2_product_bf16
#define CK_ARITHMETIC avx2_arithmetic_bf16
#define CK_GROUP 2
#define sum_t __m256
#define word_t __m256i
#define ZERO _mm256_setzero_ps()
#define LOAD(p) _mm256_load_si256((const __m256i *)(p))
#define REPEAT(p) _mm256_set1_epi32(*(const int32_t *)(p))
#define STEP(sum, row, weights) step_bf16(sum, row, weights)
#define FINISH(out, outputs, sums, panel, scale, epilogue) store(out, outputs, sums, epilogue)
#include "product.h"

// 16-bit products of the even and of the odd bytes.
CK_INLINE __m256i step_int8(__m256i sum, __m256i row, __m256i weights) {
    const __m256i even = _mm256_madd_epi16(_mm256_and_si256(row, _mm256_set1_epi16(0xFF)),
                                           _mm256_srai_epi16(_mm256_slli_epi16(weights, 8), 8));
    const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(row, 8), _mm256_srai_epi16(weights, 8));
    return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}

#define CK_PRODUCT avx2_product_int8
#define CK_ARITHMETIC avx2_arithmetic_int8
#define CK_GROUP 4
#define sum_t __m256i
#define word_t __m256i
#define ZERO _mm256_setzero_si256()
#define LOAD(p) _mm256_load_si256((const __m256i *)(p))
#define REPEAT(p) _mm256_set1_epi32(*(const int32_t *)(p))
#define STEP(sum, row, weights) step_int8(sum, row, weights)
#define FINISH(out, outputs, sums, panel, scale, epilogue) finish_int8(out, outputs, sums, panel, scale, epilogue)
#include "product.h"

// 4 bits and fewer: a weight times its multiplier is at most 255, so that the product of two neighbouring bytes is one of
// 16 bits and carries nothing.
// The even and the odd bytes apart.
typedef struct {
    __m256i even, odd;
} split;

CK_INLINE __m256i spread_multipliers(const char *p) {
    const __m256i both = _mm256_setr_epi32((int)0x80008000, (int)0x80048004, (int)0x80088008, (int)0x800C800C,
                                           (int)0x80008000, (int)0x80048004, (int)0x80088008, (int)0x800C800C);
    return _mm256_shuffle_epi8(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)), both);
}

CK_INLINE split split_weights(__m256i halves, __m256i multipliers) {
    const __m256i products = _mm256_mullo_epi16(halves, multipliers);
    return (split){_mm256_and_si256(products, _mm256_set1_epi16(0xFF)), _mm256_srli_epi16(products, 8)};
}

CK_INLINE split split_row(const char *p) {
    const __m256i row = _mm256_set1_epi32(*(const int32_t *)p);
    return (split){_mm256_srai_epi16(_mm256_slli_epi16(row, 8), 8), _mm256_srai_epi16(row, 8)};
}

CK_INLINE __m256i step_int4(__m256i sum, split row, split weights) {
    return _mm256_add_epi32(sum, _mm256_add_epi32(_mm256_madd_epi16(row.even, weights.even),
                                                  _mm256_madd_epi16(row.odd, weights.odd)));
}

CK_INLINE void finish_int4(float *out, size_t outputs, const __m256i sums[4], ck_panel panel, float scale,
                           ck_epilogue epilogue) {
    __m256 values[4];
    for (int v = 0; v < 4; v++) {
        const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[v]), _mm256_loadu_ps(panel.scales + 8 * v));
        values[v] = _mm256_mul_ps(scaled, _mm256_set1_ps(scale));
    }
    store(out, outputs, values, epilogue);
}

#undef CK_ROWS
#define CK_PRODUCTS avx2_product
#define CK_ROWS 2
#define sum_t __m256i
#define word_t __m256i
#define row_t split
#define weights_t split
#define ZERO _mm256_setzero_si256()
#define LOAD(p) _mm256_load_si256((const __m256i *)(p))
#define SHIFT(word) _mm256_srli_epi16(word, 4)
#define MASK(word) _mm256_and_si256(word, _mm256_set1_epi8(15))
#define MULTIPLIERS(p) spread_multipliers(p)
#define OFFSETS(p) _mm256_cvtepu8_epi16(_mm_load_si128((const __m128i *)(p)))
#define SUBTRACT(sum, offsets, p) \
    _mm256_add_epi32(sum, _mm256_madd_epi16(offsets, _mm256_set1_epi32(*(const int32_t *)(p))))
#define WEIGHTS(halves, multipliers) split_weights(halves, multipliers)
#define ROW(p) split_row(p)
#define STEP(sum, row, weights) step_int4(sum, row, weights)
#define FINISH(out, outputs, sums, panel, scale, epilogue) finish_int4(out, outputs, sums, panel, scale, epilogue)
#include "product_bits.h"

const ck_kernels ck_kernels_avx2 = {
    .product = {avx2_product_f32, avx2_product_bf16, avx2_product_int8, avx2_product_int4,
                avx2_product_int3, avx2_product_int2},
    .arithmetic = {avx2_arithmetic_f32, avx2_arithmetic_bf16, avx2_arithmetic_int8,
                   avx2_arithmetic_int8},
    CK_ROWWISE,
};
#endif
