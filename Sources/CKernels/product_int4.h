// The product of one panel with runs, included by product_bits.h once for each element, with these defined:
//   CK_PRODUCT      the name of the kernel
//   CK_WEIGHTS      CK_INT4, CK_INT3 or CK_INT2; the last two are turned into CK_INT4's layout block by block
//   CK_TARGET, CK_ROWS, CK_VECTORS   as in product.h
//   sum_t, word_t   a vector of Int32 sums; a vector of bytes
//   row_t, weights_t   what STEP takes of a row and of weights
//   ZERO, LOAD(p), SHIFT(word), MASK(word)   the high halves of bytes moved down; their low halves alone
//   MULTIPLIERS(p)  of a vector's outputs, each in both 16-bit halves of its word
//   OFFSETS(p)      of a vector's outputs, two 16-bit ones in a word
//   SUBTRACT(sum, offsets, p)   adds the products of the pair of offsets and the 16-bit pair at p
//   WEIGHTS(halves, multipliers), ROW(p), STEP(sum, row, weights)
//   FINISH(out, outputs, sums, panel, scale, epilogue)
//
// Sums are Int32 to the end: exact, so that order changes nothing.

#define CK_BLOCK CK_PASTE(CK_PRODUCT, _block)
#define CK_BLOCKS(panel) ((panel).groups * 4 / CK_INT4_BLOCK)
#define CK_BYTES(panel) (CK_BLOCKS(panel) * ck_block_words(CK_WEIGHTS) * 4)

CK_TARGET CK_PLAINLY static inline __attribute__((always_inline)) void CK_BLOCK(
    ck_rows x, ck_panel panel, float *out, size_t ys, size_t outputs, ck_epilogue epilogue, size_t row, const int rows,
    ck_ahead ahead, const int isOnce) {
    const char *w = panel.data;
    const char *input = (const char *)x.data + row * x.stride, *runs = input + panel.groups * 4;
#define CK_IS_WIDENED (CK_WEIGHTS != CK_INT4)
    _Alignas(64) uint8_t widened[CK_IS_WIDENED ? CK_INT4_BLOCK / 2 * CK_PANEL : 1];
    sum_t sums[CK_ROWS][CK_VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < CK_VECTORS; v++) sums[r][v] = ZERO;
    for (size_t block = 0; block < CK_BLOCKS(panel); block++, runs += 4) {
        const char *multipliers = w;
        // Line by line in the steps below would take the registers that keep sums out of memory.
        if (isOnce)
            CK_ASK_ON(w);
        else
            for (const char *end = ahead.next + ahead.step * (ck_block_words(CK_WEIGHTS) / CK_PANEL); ahead.next < end;
                 ahead.next += 64)
                __builtin_prefetch(ahead.next, 0, 2);
#pragma clang loop unroll(full)
        for (int v = 0; v < CK_VECTORS; v++) {
            const word_t offsets = OFFSETS(w + 2 * CK_PANEL + v * (2 * CK_PANEL / CK_VECTORS));
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++) sums[r][v] = SUBTRACT(sums[r][v], offsets, runs + (size_t)r * x.stride);
        }
        w += 4 * CK_PANEL;
        const char *const next = (const char *)panel.data + (block + 1) * ck_block_words(CK_WEIGHTS) * 4;
        if (CK_IS_WIDENED) {
            CK_NAME(widen_runs)(CK_WEIGHTS, (const uint8_t *)w, widened);
            w = (const char *)widened;
        }
        for (int run = 0; run < 2; run++, multipliers += CK_PANEL) {
            word_t m[CK_VECTORS];
#pragma clang loop unroll(full)
            for (int v = 0; v < CK_VECTORS; v++) m[v] = MULTIPLIERS(multipliers + v * (CK_PANEL / CK_VECTORS));
            // Unrolled, the compiler runs out of registers and keeps sums in memory.
#pragma clang loop unroll(disable)
            for (int step = 0; step < CK_INT4_RUN / 8; step++, w += 4 * CK_PANEL, input += 8) {
                if (isOnce) CK_ASK_ON(w);
#pragma clang loop unroll(full)
                for (int half = 0; half < 2; half++) {
#if CK_ROWS > 2
                    weights_t weights[CK_VECTORS];
#pragma clang loop unroll(full)
                    for (int v = 0; v < CK_VECTORS; v++) {
                        const word_t both = LOAD(w + v * (4 * CK_PANEL / CK_VECTORS));
                        weights[v] = WEIGHTS(MASK(half ? SHIFT(both) : both), m[v]);
                    }
#pragma clang loop unroll(full)
                    for (int r = 0; r < rows; r++) {
                        // Row by row: all rows' elements at once would take the registers of sums.
                        __asm__ volatile("" : : : "memory");
                        const row_t repeated = ROW(input + (size_t)r * x.stride + half * 4);
#pragma clang loop unroll(full)
                        for (int v = 0; v < CK_VECTORS; v++) sums[r][v] = STEP(sums[r][v], repeated, weights[v]);
                    }
#else
                    // Registers hold the rows rather than the weights.
                    row_t repeated[CK_ROWS];
#pragma clang loop unroll(full)
                    for (int r = 0; r < rows; r++) repeated[r] = ROW(input + (size_t)r * x.stride + half * 4);
#pragma clang loop unroll(full)
                    for (int v = 0; v < CK_VECTORS; v++) {
                        const word_t both = LOAD(w + v * (4 * CK_PANEL / CK_VECTORS));
                        const weights_t weights = WEIGHTS(MASK(half ? SHIFT(both) : both), m[v]);
#pragma clang loop unroll(full)
                        for (int r = 0; r < rows; r++) sums[r][v] = STEP(sums[r][v], repeated[r], weights);
                    }
#endif
                }
            }
        }
        if (CK_IS_WIDENED) w = next;
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        FINISH(out + (size_t)r * ys, outputs, sums[r], panel, x.scales[row + (size_t)r], epilogue);
}

#define CK_KEEPS_APART CK_WEIGHTS
#include "product_rows.h"

#undef CK_BLOCK
#undef CK_BLOCKS
#undef CK_BYTES
#undef CK_IS_WIDENED
#undef CK_PRODUCT
#undef CK_WEIGHTS
