// The product of one panel, included once per element type and instruction set, with these defined:
//   CK_PRODUCT      the name of the kernel, and CK_ARITHMETIC that of its multiplications alone
//   CK_TARGET       the function attribute that turns the instructions on
//   CK_ROWS         rows whose sums are kept in registers at once
//   CK_VECTORS      vectors in a panel's group
//   sum_t, word_t   a vector of sums; a vector of weights, or of one row's group repeated
//   ZERO, LOAD(p), REPEAT(p), STEP(sum, row, weights)
//   FINISH(out, outputs, sums, panel, scale, epilogue)   ends one row: sums to floats, stored
//
// Sums run over k in the same order whatever the number of rows.

#define CK_BLOCK CK_PASTE(CK_PRODUCT, _block)

#define CK_BYTES(panel) ((panel).groups * CK_PANEL * 4)

CK_TARGET CK_PLAINLY static inline __attribute__((always_inline)) void CK_BLOCK(
    ck_rows x, ck_panel panel, float *out, size_t ys, size_t outputs, ck_epilogue epilogue, size_t row, const int rows,
    ck_ahead ahead, const int isOnce) {
    const char *w = panel.data;
    const char *input = (const char *)x.data + row * x.stride;
    sum_t sums[CK_ROWS][CK_VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < CK_VECTORS; v++) sums[r][v] = ZERO;
    for (size_t k = 0; k < panel.groups; k++, w += CK_PANEL * 4, input += 4) {
        word_t weights[CK_VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < CK_VECTORS; v++) weights[v] = LOAD(w + v * (CK_PANEL * 4 / CK_VECTORS));
        CK_ASK(w, ahead, isOnce);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const word_t repeated = REPEAT(input + (size_t)r * x.stride);
#pragma clang loop unroll(full)
            for (int v = 0; v < CK_VECTORS; v++) sums[r][v] = STEP(sums[r][v], repeated, weights[v]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        FINISH(out + (size_t)r * ys, outputs, sums[r], panel, x.scales ? x.scales[row + (size_t)r] : 1.0f,
               epilogue);
}

#if CK_GROUP == 4
#define CK_KEEPS_APART CK_INT8
#endif
#include "product_rows.h"

// 2 operations for each of the elements of a group of every output.
CK_TARGET CK_PLAINLY static uint64_t CK_ARITHMETIC(size_t steps) {
    enum { chains = 12 };
    static const float zeros[16];
    word_t row = REPEAT((const char *)zeros), weights = row;
    __asm__ volatile("" : "+x"(row), "+x"(weights));
    sum_t sums[chains];
    for (int i = 0; i < chains; i++) sums[i] = ZERO;
    for (size_t step = 0; step < steps; step++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < chains; i++) sums[i] = STEP(sums[i], row, weights);
#pragma clang loop unroll(full)
        for (int i = 0; i < chains; i++) __asm__ volatile("" : "+x"(sums[i]));
    }
    return (uint64_t)steps * chains * (CK_PANEL / CK_VECTORS) * 2 * CK_GROUP;
}

#undef CK_BLOCK
#undef CK_BYTES
#undef CK_PRODUCT
#undef CK_ARITHMETIC
#undef CK_GROUP
#undef sum_t
#undef word_t
#undef ZERO
#undef LOAD
#undef REPEAT
#undef STEP
#undef FINISH
