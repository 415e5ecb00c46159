#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"), min_vector_width(512)))
#define CK_NAME(name) avx512_##name
#include "rowwise.h"

// Rows kept in registers at once: 2 accumulators each, of 32 registers.
#define ROWS 14
// How far ahead of the multiplication the weights are asked for.
#define PREFETCH_BYTES 8192

CK_INLINE void store(float *out, __m512 low, __m512 high, size_t outputs, ck_epilogue epilogue) {
    const __mmask16 m0 = outputs >= 16 ? 0xFFFF : (__mmask16)((1u << outputs) - 1);
    const __mmask16 m1 = outputs >= 32 ? 0xFFFF : outputs > 16 ? (__mmask16)((1u << (outputs - 16)) - 1) : 0;
    if (epilogue == CK_ADD) {
        low = _mm512_add_ps(_mm512_maskz_loadu_ps(m0, out), low);
        high = _mm512_add_ps(_mm512_maskz_loadu_ps(m1, out + 16), high);
    } else if (epilogue == CK_STORE_RELU) {
        low = _mm512_max_ps(low, _mm512_setzero_ps());
        high = _mm512_max_ps(high, _mm512_setzero_ps());
    }
    _mm512_mask_storeu_ps(out, m0, low);
    _mm512_mask_storeu_ps(out + 16, m1, high);
}

CK_INLINE void block(const float *x, size_t xs, const float *w, size_t inputs, float *y, size_t ys, size_t outputs,
                     ck_epilogue epilogue, const int rows) {
    __m512 sums[ROWS][2];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = _mm512_setzero_ps();
    for (size_t k = 0; k < inputs; k++, w += CK_PANEL) {
        const __m512 w0 = _mm512_load_ps(w), w1 = _mm512_load_ps(w + 16);
        _mm_prefetch((const char *)w + PREFETCH_BYTES, _MM_HINT_T0);
        _mm_prefetch((const char *)w + PREFETCH_BYTES + 64, _MM_HINT_T0);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const __m512 xk = _mm512_set1_ps(x[(size_t)r * xs + k]);
            sums[r][0] = _mm512_fmadd_ps(xk, w0, sums[r][0]);
            sums[r][1] = _mm512_fmadd_ps(xk, w1, sums[r][1]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) store(y + (size_t)r * ys, sums[r][0], sums[r][1], outputs, epilogue);
}

CK_TARGET static void product_panel(const float *input, size_t input_stride, const float *panel, size_t inputs,
                                    float *output, size_t output_stride, size_t outputs, size_t rows,
                                    ck_epilogue epilogue) {
    size_t blocks = (rows + ROWS - 1) / ROWS;
    for (size_t row = 0; blocks > 0; blocks--) {
        const size_t count = (rows - row + blocks - 1) / blocks;
        const float *x = input + row * input_stride;
        float *y = output + row * output_stride;
        switch (count) {
#define CASE(n) case n: block(x, input_stride, panel, inputs, y, output_stride, outputs, epilogue, n); break;
            CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7)
            CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
#undef CASE
        }
        row += count;
    }
}

const ck_kernels ck_kernels_avx512 = CK_TABLE(product_panel);
#endif
