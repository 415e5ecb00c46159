// The product of a panel and all rows, by blocks of rows: included by product.h, product_widened.h and product_int4.h behind
// CK_BLOCK, with CK_PRODUCT, CK_TARGET and CK_ROWS as there, and:
//   CK_BYTES(panel) of its weights
// and, where rows keep outliers apart:
//   CK_KEEPS_APART  their element
// and, where the next panel is asked for even while all rows run at once:
//   CK_NEXT_ONLY
//
// Rows are cut evenly into as few blocks as registers allow.

CK_TARGET CK_PLAINLY static void CK_PRODUCT(ck_rows x, ck_panel panel, float *y, size_t ys, size_t outputs, size_t rows,
                                            ck_epilogue epilogue) {
    const size_t blocks = (rows + CK_ROWS - 1) / CK_ROWS;
    for (size_t row = 0, block = 0; block < blocks; block++) {
        const size_t left = blocks - block, count = (rows - row + left - 1) / left;
        const ck_ahead ahead = ck_next_panel(panel.data, CK_BYTES(panel), block, blocks);
        float *out = y + row * ys;
        size_t stride = ys, width = outputs;
        ck_epilogue end = epilogue;
#ifdef CK_KEEPS_APART
        // Sums of a block with outliers end elsewhere first, so that the others' code knows nothing of them.
        float sums[CK_ROWS * CK_PANEL];
        const int isApart = CK_NAME(any_outliers)(CK_KEEPS_APART, x, panel, row, count);
        if (__builtin_expect(isApart, 0)) {
            out = sums;
            stride = width = CK_PANEL;
            end = CK_STORE;
        }
#endif
#define CK_CASE(n, once) case n * 2 + once: CK_BLOCK(x, panel, out, stride, width, end, row, n, ahead, once); break;
#ifdef CK_NEXT_ONLY
        switch (count * 2) {
#define CK_CASES(n) CK_CASE(n, 0)
#else
        switch (count * 2 + (blocks == 1)) {
#define CK_CASES(n) CK_CASE(n, 0) CK_CASE(n, 1)
#endif
            CK_CASES(1) CK_CASES(2)
#if CK_ROWS > 2
            CK_CASES(3)
#endif
#if CK_ROWS > 3
            CK_CASES(4) CK_CASES(5) CK_CASES(6) CK_CASES(7) CK_CASES(8)
#endif
#if CK_ROWS > 8
            CK_CASES(9) CK_CASES(10) CK_CASES(11) CK_CASES(12)
#endif
#if CK_ROWS > 12
            CK_CASES(13) CK_CASES(14)
#endif
#undef CK_CASES
#undef CK_CASE
        }
#ifdef CK_KEEPS_APART
        if (__builtin_expect(isApart, 0))
            CK_NAME(finish_outliers)(CK_KEEPS_APART, x, panel, sums, y, ys, outputs, row, count, epilogue);
#endif
        row += count;
    }
}

#undef CK_KEEPS_APART
