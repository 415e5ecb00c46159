#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_AVX512_TARGET "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"
#define CK_TARGET __attribute__((target(CK_AVX512_TARGET), min_vector_width(512)))
#define CK_NAME(name) avx512_##name
#include "rowwise.h"

#define CK_ROWS 14
#define CK_VECTORS 2

CK_INLINE void store(float *out, size_t outputs, __m512 low, __m512 high, ck_epilogue epilogue) {
    const __mmask16 m0 = outputs >= 16 ? 0xFFFF : (__mmask16)((1u << outputs) - 1);
    const __mmask16 m1 = outputs >= 32 ? 0xFFFF : outputs > 16 ? (__mmask16)((1u << (outputs - 16)) - 1) : 0;
    if (epilogue == CK_ADD) {
        low = _mm512_add_ps(_mm512_maskz_loadu_ps(m0, out), low);
        high = _mm512_add_ps(_mm512_maskz_loadu_ps(m1, out + 16), high);
    } else if (epilogue == CK_STORE_RELU) {
        // A NaN stays one: the second operand is what max gives back then.
        low = _mm512_max_ps(_mm512_setzero_ps(), low);
        high = _mm512_max_ps(_mm512_setzero_ps(), high);
    }
    _mm512_mask_storeu_ps(out, m0, low);
    _mm512_mask_storeu_ps(out + 16, m1, high);
}

CK_INLINE void finish_float(float *out, size_t outputs, const __m512 sums[2], ck_epilogue epilogue) {
    store(out, outputs, sums[0], sums[1], epilogue);
}

CK_INLINE void finish_int8(float *out, size_t outputs, const __m512i sums[2], ck_panel panel, float scale,
                           ck_epilogue epilogue) {
    __m512 values[2];
    for (int v = 0; v < 2; v++) {
        const __m512i sum = _mm512_sub_epi32(sums[v], _mm512_loadu_si512(panel.offsets + 16 * v));
        const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(panel.scales + 16 * v));
        values[v] = _mm512_mul_ps(scaled, _mm512_set1_ps(scale));
    }
    store(out, outputs, values[0], values[1], epilogue);
}

#define CK_PRODUCT avx512_product_f32
#define CK_ARITHMETIC avx512_arithmetic_f32
#define CK_GROUP 1
#define sum_t __m512
#define word_t __m512
#define ZERO _mm512_setzero_ps()
#define LOAD(p) _mm512_load_ps(p)
#define REPEAT(p) _mm512_set1_ps(*(const float *)(p))
#define STEP(sum, row, weights) _mm512_fmadd_ps(row, weights, sum)
#define FINISH(out, outputs, sums, panel, scale, epilogue) finish_float(out, outputs, sums, epilogue)
#include "product.h"

#define CK_PRODUCT avx512_product_bf16
#include "product_widened.h"

// Without instructions for it: 16-bit products of the even and of the odd bytes.
CK_INLINE __m512i step_int8(__m512i sum, __m512i row, __m512i weights) {
    const __m512i even = _mm512_madd_epi16(_mm512_and_si512(row, _mm512_set1_epi16(0xFF)),
                                           _mm512_srai_epi16(_mm512_slli_epi16(weights, 8), 8));
    const __m512i odd = _mm512_madd_epi16(_mm512_srli_epi16(row, 8), _mm512_srai_epi16(weights, 8));
    return _mm512_add_epi32(sum, _mm512_add_epi32(even, odd));
}

#define CK_PRODUCT avx512_product_int8
#define CK_ARITHMETIC avx512_arithmetic_int8
#define CK_GROUP 4
#define sum_t __m512i
#define word_t __m512i
#define ZERO _mm512_setzero_si512()
#define LOAD(p) _mm512_load_si512(p)
#define REPEAT(p) _mm512_set1_epi32(*(const int32_t *)(p))
#define STEP(sum, row, weights) step_int8(sum, row, weights)
#define FINISH(out, outputs, sums, panel, scale, epilogue) finish_int8(out, outputs, sums, panel, scale, epilogue)
#include "product.h"

// 4 bits and fewer: a weight times its multiplier is at most 255, so that the product of two neighbouring bytes is one of
// 16 bits and carries nothing.
// Without instructions for bytes, the even and the odd ones apart.
typedef struct {
    __m512i even, odd;
} split;

CK_INLINE __m512i spread_multipliers(const char *p) {
    const __m512i both = _mm512_set4_epi32((int)0x800C800C, (int)0x80088008, (int)0x80048004, (int)0x80008000);
    return _mm512_shuffle_epi8(_mm512_cvtepu8_epi32(_mm_load_si128((const __m128i *)p)), both);
}

CK_INLINE split split_weights(__m512i halves, __m512i multipliers) {
    const __m512i products = _mm512_mullo_epi16(halves, multipliers);
    return (split){_mm512_and_si512(products, _mm512_set1_epi16(0xFF)), _mm512_srli_epi16(products, 8)};
}

CK_INLINE split split_row(const char *p) {
    const __m512i row = _mm512_set1_epi32(*(const int32_t *)p);
    return (split){_mm512_srai_epi16(_mm512_slli_epi16(row, 8), 8), _mm512_srai_epi16(row, 8)};
}

CK_INLINE __m512i step_int4(__m512i sum, split row, split weights) {
    return _mm512_add_epi32(sum, _mm512_add_epi32(_mm512_madd_epi16(row.even, weights.even),
                                                  _mm512_madd_epi16(row.odd, weights.odd)));
}

CK_INLINE void finish_int4(float *out, size_t outputs, const __m512i sums[2], ck_panel panel, float scale,
                           ck_epilogue epilogue) {
    __m512 values[2];
    for (int v = 0; v < 2; v++) {
        const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[v]), _mm512_loadu_ps(panel.scales + 16 * v));
        values[v] = _mm512_mul_ps(scaled, _mm512_set1_ps(scale));
    }
    store(out, outputs, values[0], values[1], epilogue);
}

#undef CK_ROWS
#define CK_PRODUCTS avx512_product
#define CK_ROWS 8
#define sum_t __m512i
#define word_t __m512i
#define ZERO _mm512_setzero_si512()
#define LOAD(p) _mm512_load_si512(p)
#define SHIFT(word) _mm512_srli_epi16(word, 4)
#define MASK(word) _mm512_and_si512(word, _mm512_set1_epi8(15))
#define MULTIPLIERS(p) spread_multipliers(p)
#define OFFSETS(p) _mm512_cvtepu8_epi16(_mm256_load_si256((const __m256i *)(p)))
#define row_t split
#define weights_t split
#define SUBTRACT(sum, offsets, p) \
    _mm512_add_epi32(sum, _mm512_madd_epi16(offsets, _mm512_set1_epi32(*(const int32_t *)(p))))
#define WEIGHTS(halves, multipliers) split_weights(halves, multipliers)
#define ROW(p) split_row(p)
#define STEP(sum, row, weights) step_int4(sum, row, weights)
#define FINISH(out, outputs, sums, panel, scale, epilogue) finish_int4(out, outputs, sums, panel, scale, epilogue)
#include "product_bits.h"

#define CK_ROWS 14

#undef CK_TARGET
#define CK_TARGET __attribute__((target(CK_AVX512_TARGET ",avx512vnni"), min_vector_width(512)))

#define CK_PRODUCT avx512_vnni_product_int8
#define CK_ARITHMETIC avx512_vnni_arithmetic_int8
#define CK_GROUP 4
#define sum_t __m512i
#define word_t __m512i
#define ZERO _mm512_setzero_si512()
#define LOAD(p) _mm512_load_si512(p)
#define REPEAT(p) _mm512_set1_epi32(*(const int32_t *)(p))
#define STEP(sum, row, weights) _mm512_dpbusd_epi32(sum, row, weights)
#define FINISH(out, outputs, sums, panel, scale, epilogue) finish_int8(out, outputs, sums, panel, scale, epilogue)
#include "product.h"

// Weights before their offset, 0 to 255, are the unsigned factor here, rows the signed one.
#undef CK_ROWS
#define CK_PRODUCTS avx512_vnni_product
#define CK_ROWS 12
#define sum_t __m512i
#define word_t __m512i
#define ZERO _mm512_setzero_si512()
#define LOAD(p) _mm512_load_si512(p)
#define SHIFT(word) _mm512_srli_epi16(word, 4)
#define MASK(word) _mm512_and_si512(word, _mm512_set1_epi8(15))
#define MULTIPLIERS(p) spread_multipliers(p)
#define OFFSETS(p) _mm512_cvtepu8_epi16(_mm256_load_si256((const __m256i *)(p)))
#define row_t __m512i
#define weights_t __m512i
#define SUBTRACT(sum, offsets, p) _mm512_dpwssd_epi32(sum, offsets, _mm512_set1_epi32(*(const int32_t *)(p)))
#define WEIGHTS(halves, multipliers) _mm512_mullo_epi16(halves, multipliers)
#define ROW(p) _mm512_set1_epi32(*(const int32_t *)(p))
#define STEP(sum, row, weights) _mm512_dpbusd_epi32(sum, weights, row)
#define FINISH(out, outputs, sums, panel, scale, epilogue) finish_int4(out, outputs, sums, panel, scale, epilogue)
#include "product_bits.h"

#define CK_ROWS 14

#undef CK_TARGET
#define CK_TARGET __attribute__((target(CK_AVX512_TARGET ",avx512bf16"), min_vector_width(512)))

#define CK_PRODUCT avx512_bf16_product_bf16
#define CK_ARITHMETIC avx512_bf16_arithmetic_bf16
#define CK_GROUP 2
#define sum_t __m512
#define word_t __m512i
#define ZERO _mm512_setzero_ps()
#define LOAD(p) _mm512_load_si512(p)
#define REPEAT(p) _mm512_set1_epi32(*(const int32_t *)(p))
#define STEP(sum, row, weights) _mm512_dpbf16_ps(sum, (__m512bh)(row), (__m512bh)(weights))
#define FINISH(out, outputs, sums, panel, scale, epilogue) finish_float(out, outputs, sums, epilogue)
#include "product.h"

// 4-bit weights are multiplied as 8-bit ones are: the same arithmetic bounds them.
const ck_kernels ck_kernels_avx512 = {
    .product = {avx512_product_f32, avx512_product_bf16, avx512_product_int8,
                avx512_product_int4,
                avx512_product_int3, avx512_product_int2},
    .arithmetic = {avx512_arithmetic_f32, avx512_arithmetic_f32, avx512_arithmetic_int8,
                   avx512_arithmetic_int8},
    CK_ROWWISE,
};

const ck_kernels ck_kernels_avx512_vnni = {
    .product = {avx512_product_f32, avx512_product_bf16, avx512_vnni_product_int8,
                avx512_vnni_product_int4,
                avx512_vnni_product_int3, avx512_vnni_product_int2},
    .arithmetic = {avx512_arithmetic_f32, avx512_arithmetic_f32, avx512_vnni_arithmetic_int8,
                   avx512_vnni_arithmetic_int8},
    CK_ROWWISE,
};

const ck_kernels ck_kernels_avx512_bf16 = {
    .product = {avx512_product_f32, avx512_bf16_product_bf16, avx512_vnni_product_int8,
                avx512_vnni_product_int4,
                avx512_vnni_product_int3, avx512_vnni_product_int2},
    .arithmetic = {avx512_arithmetic_f32, avx512_bf16_arithmetic_bf16, avx512_vnni_arithmetic_int8,
                   avx512_vnni_arithmetic_int8},
    CK_ROWWISE,
};
#endif
