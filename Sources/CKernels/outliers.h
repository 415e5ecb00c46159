// Rounding rows to 8 bits and what stays apart of it, as plain loops, included by rowwise.h once per instruction set.
//
// Sums run over 32 lanes whatever the instructions are, so that all of them keep the same elements apart.

// What is usual in a row is the square of the mean root of its magnitudes, zeros left out: it hardly knows of a few large
// ones, where the mean itself would follow them.

// A row whose largest magnitude is more than this many times the usual has outliers.
#define CK_OUTLYING 16.0f
// What is more than this many times the usual of the others is kept apart.
#define CK_APART 8.0f

typedef struct {
    // The largest magnitude as bits: a NaN is larger than any number.
    uint32_t largest;
    // Of square roots, to a few percent.
    float roots;
    // How many are not 0.
    uint32_t count;
} CK_NAME(magnitudes);

// Half the exponent, and nearly the root of the rest; next to nothing for 0.
#define CK_ROOT(bits) (((bits) >> 1) + 0x1FBD1DF5u)

// Of the elements whose magnitude is at most `limit`; a NaN counts where the limit is none.
CK_INLINE CK_NAME(magnitudes) CK_NAME(measure)(const float *input, size_t count, float limit) {
    uint32_t bound;
    memcpy(&bound, &limit, 4);
    if (bound == 0x7F800000) bound = 0x7FFFFFFF;
    CK_NAME(words) largest[2] = {{0}}, counts[2] = {{0}};
    CK_NAME(lanes) roots[2] = {{0}};
    size_t i = 0;
    for (; i + 32 <= count; i += 32)
#pragma clang loop unroll(full)
        for (size_t v = 0; v < 2; v++) {
            CK_NAME(words) bits = *(const CK_NAME(words) *)(input + i + 16 * v) & 0x7FFFFFFF;
            bits &= (CK_NAME(words))(bits <= bound);
            largest[v] = __builtin_elementwise_max(largest[v], bits);
            roots[v] += (CK_NAME(lanes))CK_ROOT(bits);
            counts[v] -= (CK_NAME(words))(bits != 0);
        }
    const CK_NAME(words) most = __builtin_elementwise_max(largest[0], largest[1]), all = counts[0] + counts[1];
    const CK_NAME(lanes) sums = roots[0] + roots[1];
    CK_NAME(magnitudes) found = {0, 0, 0};
    for (int lane = 0; lane < 16; lane++) {
        found.largest = most[lane] > found.largest ? most[lane] : found.largest;
        found.roots += sums[lane];
        found.count += all[lane];
    }
    for (; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, input + i, 4);
        bits &= 0x7FFFFFFF;
        if (bits > bound) continue;
        const uint32_t root_bits = CK_ROOT(bits);
        float root;
        memcpy(&root, &root_bits, 4);
        found.largest = bits > found.largest ? bits : found.largest;
        found.roots += root;
        found.count += bits != 0;
    }
    return found;
}

CK_INLINE float CK_NAME(usual)(CK_NAME(magnitudes) all) {
    const float root = all.roots / (float)(all.count ? all.count : 1);
    return root * root;
}

CK_INLINE float CK_NAME(magnitude)(float value) { return value < 0 ? -value : value; }

CK_INLINE size_t CK_NAME(count_above)(const float *input, size_t count, float limit) {
    size_t above = 0;
    for (size_t i = 0; i < count; i++) above += CK_NAME(magnitude)(input[i]) > limit;
    return above;
}

// Keeps the elements above a limit apart and returns the limit: so many times the usual of those that are not above it,
// or twice that, and so on, where too many are.
CK_TARGET __attribute__((noinline)) static float CK_NAME(keep_apart)(const float *input, size_t count,
                                                                     CK_NAME(magnitudes) all, void *tail) {
    float limit = INFINITY;
    for (;;) {
        const float next = CK_APART * CK_NAME(usual)(all);
        // So near to 0, all are as good as 0.
        if (!(next < limit) || next < 1e-36f) break;
        limit = next;
        all = CK_NAME(measure)(input, count, limit);
    }
    while (CK_NAME(count_above)(input, count, limit) > ck_most_outliers(count)) limit *= 2;
    ck_outlier *outliers = (ck_outlier *)((uint32_t *)tail + 1);
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (CK_NAME(magnitude)(input[i]) > limit) outliers[found++] = (ck_outlier){(uint32_t)i, input[i]};
    *(uint32_t *)tail = found;
    return limit;
}

// Rounds to -127 to 127, which are stored with `zero` added, and returns what one step is worth. largest: the largest
// magnitude up to the limit, as bits. What is above the limit becomes 0.
CK_INLINE float CK_NAME(round_below)(const float *input, size_t count, uint32_t largest, float limit, int zero,
                                     uint8_t *out) {
    float magnitude;
    memcpy(&magnitude, &largest, 4);
    // Below, 127 / magnitude would not be finite; such a row is as good as 0.
    const float inverse = magnitude >= 1e-36f ? 127.0f / magnitude : 0.0f;
    for (size_t i = 0; i < count; i++) {
        const float value = limit == INFINITY || CK_NAME(magnitude)(input[i]) <= limit ? input[i] : 0.0f;
        const float shifted = value * inverse + (12582912.0f + (float)zero);  // an integer in the low mantissa bits
        uint32_t bits;
        memcpy(&bits, &shifted, 4);
        out[i] = (uint8_t)bits;
    }
    return magnitude / 127.0f;
}

CK_TARGET __attribute__((noinline)) static float CK_NAME(round_apart)(const float *input, size_t count,
                                                                      CK_NAME(magnitudes) all, uint8_t *out) {
    const float limit = CK_NAME(keep_apart)(input, count, all, out + (count + 3) / 4 * 4);
    return CK_NAME(round_below)(input, count, CK_NAME(measure)(input, count, limit).largest, limit, 128, out);
}

CK_TARGET static float CK_NAME(round_row_int8)(const float *input, size_t count, void *output) {
    uint8_t *out = output;
    for (size_t i = count; i % 4; i++) out[i] = 128;
    const CK_NAME(magnitudes) all = CK_NAME(measure)(input, count, INFINITY);
    float magnitude;
    memcpy(&magnitude, &all.largest, 4);
    // Not where one is no number.
    if (__builtin_expect(magnitude > CK_OUTLYING * CK_NAME(usual)(all), 0) && all.largest < 0x7F800000)
        return CK_NAME(round_apart)(input, count, all, out);
    *(uint32_t *)(out + (count + 3) / 4 * 4) = 0;
    return CK_NAME(round_below)(input, count, all.largest, INFINITY, 128, out);
}

// What follows the words of row `row`.
CK_INLINE const char *CK_NAME(row_end)(ck_element element, ck_rows x, ck_panel panel, size_t row) {
    const size_t words = ck_row_words(element, panel.groups * ck_group(element));
    return (const char *)x.data + row * x.stride + words * 4;
}

CK_INLINE int CK_NAME(any_outliers)(ck_element element, ck_rows x, ck_panel panel, size_t row, size_t rows) {
    uint32_t any = 0;
    for (size_t r = row; r < row + rows; r++) any |= *(const uint32_t *)CK_NAME(row_end)(element, x, panel, r);
    return any != 0;
}

// What the outputs of a panel multiply an input with, without their scales.
CK_INLINE void CK_NAME(column)(ck_element element, ck_panel panel, uint32_t column, float *weights) {
    if (element == CK_INT8) {
        const uint32_t *words = (const uint32_t *)panel.data + column / 4 * CK_PANEL;
        const uint32_t shift = 24 - 8 * (column % 4);
        for (size_t j = 0; j < CK_PANEL; j++) weights[j] = (float)((int32_t)(words[j] << shift) >> 24);
        return;
    }
    const uint8_t *block = (const uint8_t *)panel.data + column / CK_INT4_BLOCK * (ck_block_words(element) * 4);
    const size_t run = column % CK_INT4_BLOCK / CK_INT4_RUN, k = column % CK_INT4_RUN;
    const uint8_t *multipliers = block + run * CK_PANEL, *offsets = block + 2 * CK_PANEL + run;
    const ck_place place = ck_place_of(element, k), third = ck_third_bit_of(k);
    const uint8_t *weight = block + 4 * CK_PANEL + run * ck_run_bytes(element);
    for (size_t j = 0; j < CK_PANEL; j++) {
        int q = weight[place.offset + 4 * j] >> place.shift & (element == CK_INT4 ? 15 : 3);
        if (element == CK_INT3) q |= (weight[third.offset + 4 * j] >> third.shift & 1) << 2;
        weights[j] = (float)(multipliers[j] * q - offsets[2 * j]);
    }
}

// Adds what a row kept apart to its sums, [CK_PANEL]: element by element, in the order of columns.
CK_TARGET __attribute__((noinline)) static void CK_NAME(add_outliers)(ck_element element, const char *row_end,
                                                                      ck_panel panel, float *sums) {
#pragma clang fp contract(off)
    const uint32_t count = *(const uint32_t *)row_end;
    const ck_outlier *outliers = (const ck_outlier *)(row_end + 4);
    float apart[CK_PANEL] = {0};
    for (uint32_t i = 0; i < count; i++) {
        const float value = outliers[i].value;
        float weights[CK_PANEL];
        CK_NAME(column)(element, panel, outliers[i].column, weights);
        for (size_t j = 0; j < CK_PANEL; j++) apart[j] += value * (weights[j] * panel.scales[j]);
    }
    for (size_t j = 0; j < CK_PANEL; j++) sums[j] += apart[j];
}

// Ends a block of rows of which some may have kept elements apart: sums are [rows, CK_PANEL].
CK_TARGET __attribute__((noinline)) static void CK_NAME(finish_outliers)(ck_element element, ck_rows x,
                                                                         ck_panel panel, float *sums, float *y,
                                                                         size_t ys, size_t outputs, size_t row,
                                                                         size_t rows, ck_epilogue epilogue) {
    for (size_t r = 0; r < rows; r++, sums += CK_PANEL) {
        const char *row_end = CK_NAME(row_end)(element, x, panel, row + r);
        if (*(const uint32_t *)row_end) CK_NAME(add_outliers)(element, row_end, panel, sums);
        float *out = y + (row + r) * ys;
        for (size_t j = 0; j < outputs; j++) {
            if (epilogue == CK_ADD) out[j] += sums[j];
            else out[j] = epilogue == CK_STORE_RELU && sums[j] < 0 ? 0 : sums[j];
        }
    }
}
