// The product of bfloat16 weights by multiplications of Float32, included by kernels_avx512.c in place of product.h where
// the processor has none of bfloat16, or slow ones. Defined before: CK_PRODUCT, CK_ROWS, CK_TARGET.
//
// Sums run over k in order, and the first element of a group goes before the second.

#define CK_BLOCK CK_PASTE(CK_PRODUCT, _block)
#define CK_BYTES(panel) ((panel).groups * CK_PANEL * 4)

// Elements of a row that are widened at a time, to where a multiplication takes them from memory.
enum { CK_WIDENED = 256 };

// `count` elements, even.
CK_INLINE void CK_PASTE(CK_PRODUCT, _widen)(const char *row, size_t count, float *out) {
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 mask = count - i >= 16 ? 0xFFFF : (__mmask16)((1u << (count - i)) - 1);
        const __m512i words = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, row + 2 * i));
        _mm512_store_ps(out + i, _mm512_castsi512_ps(_mm512_slli_epi32(words, 16)));
    }
}

CK_TARGET CK_PLAINLY static inline __attribute__((always_inline)) void CK_BLOCK(
    ck_rows x, ck_panel panel, float *out, size_t ys, size_t outputs, ck_epilogue epilogue, size_t row, const int rows,
    ck_ahead ahead, const int isOnce) {
    const __m512i high = _mm512_set1_epi32((int)0xFFFF0000);
    const char *w = panel.data, *input = (const char *)x.data + row * x.stride;
    float widened[CK_ROWS][CK_WIDENED] __attribute__((aligned(64)));
    __m512 sums[CK_ROWS][2];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = _mm512_setzero_ps();
    for (size_t start = 0; start < panel.groups; start += CK_WIDENED / 2) {
        const size_t groups = panel.groups - start < CK_WIDENED / 2 ? panel.groups - start : CK_WIDENED / 2;
        for (int r = 0; r < rows; r++)
            CK_PASTE(CK_PRODUCT, _widen)(input + (size_t)r * x.stride + start * 4, groups * 2, widened[r]);
        for (size_t k = 0; k < groups; k++, w += CK_PANEL * 4) {
            const __m512i words[2] = {_mm512_load_si512(w), _mm512_load_si512(w + 64)};
            CK_ASK(w, ahead, isOnce);
#pragma clang loop unroll(full)
            for (int element = 0; element < 2; element++) {
                __m512 weights[2];
                for (int v = 0; v < 2; v++)
                    weights[v] = _mm512_castsi512_ps(element ? _mm512_and_si512(words[v], high)
                                                             : _mm512_slli_epi32(words[v], 16));
#pragma clang loop unroll(full)
                for (int r = 0; r < rows; r++) {
                    const __m512 repeated = _mm512_set1_ps(widened[r][2 * k + (size_t)element]);
                    for (int v = 0; v < 2; v++) sums[r][v] = _mm512_fmadd_ps(repeated, weights[v], sums[r][v]);
                }
            }
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) finish_float(out + (size_t)r * ys, outputs, sums[r], epilogue);
}

#include "product_rows.h"

#undef CK_BLOCK
#undef CK_BYTES
#undef CK_PRODUCT
