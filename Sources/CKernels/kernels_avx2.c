#include "variants.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_TARGET __attribute__((target("avx2,fma")))
#define CK_NAME(name) avx2_##name
#include "rowwise.h"

// Rows kept in registers at once: 4 accumulators each, of 16 registers.
#define ROWS 3

CK_INLINE void store(float *out, const __m256 sums[4], size_t outputs, ck_epilogue epilogue) {
    float buffer[CK_PANEL];
    for (int i = 0; i < 4; i++) _mm256_storeu_ps(buffer + 8 * i, sums[i]);
    for (size_t j = 0; j < outputs; j++) {
        if (epilogue == CK_ADD) out[j] += buffer[j];
        else out[j] = epilogue == CK_STORE_RELU && buffer[j] < 0 ? 0 : buffer[j];
    }
}

CK_INLINE void block(const float *x, size_t xs, const float *w, size_t inputs, float *y, size_t ys, size_t outputs,
                     ck_epilogue epilogue, const int rows) {
    __m256 sums[ROWS][4];
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < 4; i++) sums[r][i] = _mm256_setzero_ps();
    for (size_t k = 0; k < inputs; k++, w += CK_PANEL) {
        _mm_prefetch((const char *)w + 4096, _MM_HINT_T0);
        _mm_prefetch((const char *)w + 4096 + 64, _MM_HINT_T0);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const __m256 xk = _mm256_set1_ps(x[(size_t)r * xs + k]);
#pragma clang loop unroll(full)
            for (int i = 0; i < 4; i++) sums[r][i] = _mm256_fmadd_ps(xk, _mm256_load_ps(w + 8 * i), sums[r][i]);
        }
    }
    for (int r = 0; r < rows; r++) store(y + (size_t)r * ys, sums[r], outputs, epilogue);
}

CK_TARGET static void product_panel(const float *input, size_t input_stride, const float *panel, size_t inputs,
                                    float *output, size_t output_stride, size_t outputs, size_t rows,
                                    ck_epilogue epilogue) {
    for (size_t row = 0; row < rows; row += ROWS) {
        const float *x = input + row * input_stride;
        float *y = output + row * output_stride;
        switch (rows - row) {
            case 1: block(x, input_stride, panel, inputs, y, output_stride, outputs, epilogue, 1); break;
            case 2: block(x, input_stride, panel, inputs, y, output_stride, outputs, epilogue, 2); break;
            default: block(x, input_stride, panel, inputs, y, output_stride, outputs, epilogue, 3); break;
        }
    }
}

const ck_kernels ck_kernels_avx2 = CK_TABLE(product_panel);
#endif
