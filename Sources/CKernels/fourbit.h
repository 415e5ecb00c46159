// Rounding to 4 bits: rows and weights of CK_INT4, included by rowwise.h.
// The same numbers on every instruction set.

CK_TARGET static float CK_NAME(round_row_int4)(const float *input, size_t count, void *output) {
    int8_t *out = output;
    uint32_t *const tail = (uint32_t *)output + ck_row_words(CK_INT4, count);
    *tail = 0;
    CK_NAME(magnitudes) all = CK_NAME(measure)(input, count, INFINITY);
    float magnitude, limit = INFINITY;
    memcpy(&magnitude, &all.largest, 4);
    // As rows of CK_INT8.
    if (__builtin_expect(magnitude > CK_OUTLYING * CK_NAME(usual)(all), 0) && all.largest < 0x7F800000) {
        limit = CK_NAME(keep_apart)(input, count, all, tail);
        all = CK_NAME(measure)(input, count, limit);
    }
    const float step = CK_NAME(round_below)(input, count, all.largest, limit, 0, output);
    const size_t padded = ck_row_groups(CK_INT4, count) * 4;
    memset(out + count, 0, padded - count);
    int16_t *sums = (int16_t *)(out + padded);
    for (size_t run = 0; run < padded / CK_INT4_RUN; run++) {
        int sum = 0;
        for (size_t i = 0; i < CK_INT4_RUN; i++) sum += out[run * CK_INT4_RUN + i];
        sums[run] = (int16_t)-sum;
    }
    return step;
}

// All inlined: no vector crosses a call.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

// Sixteen outputs, one in each lane; unlike lanes, a condition chooses between two.
typedef float CK_NAME(outputs) __attribute__((ext_vector_type(16)));
typedef uint32_t CK_NAME(counts) __attribute__((ext_vector_type(16)));

CK_INLINE CK_NAME(outputs) CK_NAME(all)(float value) { return (CK_NAME(outputs))value; }
CK_INLINE CK_NAME(outputs) CK_NAME(lower)(CK_NAME(outputs) a, CK_NAME(outputs) b) { return a < b ? a : b; }
CK_INLINE CK_NAME(outputs) CK_NAME(higher)(CK_NAME(outputs) a, CK_NAME(outputs) b) { return a > b ? a : b; }

// To whole numbers, ties to even; below 2^22.
CK_INLINE CK_NAME(outputs) CK_NAME(whole)(CK_NAME(outputs) x) { return (x + 12582912.0f) - 12582912.0f; }
CK_INLINE CK_NAME(outputs) CK_NAME(whole_up)(CK_NAME(outputs) x) {
    const CK_NAME(outputs) near = CK_NAME(whole)(x);
    return near < x ? near + 1.0f : near;
}

// How a run of inputs is rounded: m * q - e.
typedef struct {
    CK_NAME(outputs) multiplier, offset, error;
} CK_NAME(grid);

// The same inputs of 16 outputs side by side, times a factor for each output.
CK_INLINE void CK_NAME(gather_run)(const float *weights, size_t inputs, size_t outputs, size_t count,
                                   CK_NAME(outputs) factors, CK_NAME(outputs) run[CK_INT4_RUN]) {
    float *values = (float *)run;
    for (size_t j = 0; j < 16; j++)
        for (size_t k = 0; k < count; k++) values[k * 16 + j] = j < outputs ? weights[j * inputs + k] : 0;
    for (size_t k = 0; k < count; k++) run[k] *= factors;
}

CK_INLINE CK_NAME(outputs) CK_NAME(nearest)(CK_NAME(outputs) value, CK_NAME(outputs) shift) {
    return CK_NAME(whole)(CK_NAME(lower)(CK_NAME(higher)(value + shift, CK_NAME(all)(0)), CK_NAME(all)(15)));
}

// Keeps for each output the offset that errs less. scaled: the run divided by best.multiplier's candidate.
CK_INLINE void CK_NAME(try_offset)(const CK_NAME(outputs) *scaled, size_t count, CK_NAME(outputs) multiplier,
                                   CK_NAME(outputs) offset, CK_NAME(grid) *best) {
    offset = CK_NAME(lower)(CK_NAME(higher)(CK_NAME(whole)(offset), CK_NAME(all)(0)), CK_NAME(all)(255));
    const CK_NAME(outputs) shift = offset / multiplier;
    CK_NAME(outputs) squares = {0};
    for (size_t k = 0; k < count; k++) {
        const CK_NAME(outputs) missed = scaled[k] + shift - CK_NAME(nearest)(scaled[k], shift);
        squares += missed * missed;
    }
    const CK_NAME(outputs) error = squares * (multiplier * multiplier);
    best->multiplier = error < best->error ? multiplier : best->multiplier;
    best->offset = error < best->error ? offset : best->offset;
    best->error = CK_NAME(lower)(error, best->error);
}

// The least squared error of: the multiplier that spans the run and the two below, each with offsets around the
// one that puts the middle of the run in the middle of the grid; and rounding from the least value up.
CK_INLINE CK_NAME(grid) CK_NAME(best_grid)(const CK_NAME(outputs) *run, size_t count) {
    CK_NAME(outputs) least = run[0], most = run[0];
    for (size_t k = 1; k < count; k++) {
        least = CK_NAME(lower)(run[k], least);
        most = CK_NAME(higher)(run[k], most);
    }
    least = CK_NAME(lower)(least, CK_NAME(all)(0));
    const CK_NAME(outputs) middle = (least + most) * 0.5f;
    CK_NAME(outputs) multiplier = CK_NAME(whole_up)((most - least) * (1.0f / 15.0f));
    multiplier = CK_NAME(lower)(CK_NAME(higher)(multiplier, CK_NAME(all)(1)), CK_NAME(all)(17));
    CK_NAME(grid) best = {CK_NAME(all)(1), CK_NAME(all)(0), CK_NAME(all)(INFINITY)};
    for (int lower = 0; lower < 3; lower++) {
        CK_NAME(outputs) scaled[CK_INT4_RUN];
        for (size_t k = 0; k < count; k++) scaled[k] = run[k] / multiplier;
        if (lower == 0) CK_NAME(try_offset)(scaled, count, multiplier, -least, &best);
        for (int aside = -3; aside <= 3; aside++)
            CK_NAME(try_offset)(scaled, count, multiplier, multiplier * (7.5f + 0.2f * (float)aside) - middle, &best);
        multiplier = CK_NAME(higher)(multiplier - 1.0f, CK_NAME(all)(1));
    }
    return best;
}

// Whole numbers of which the low byte counts.
CK_INLINE CK_NAME(counts) CK_NAME(integers)(CK_NAME(outputs) whole) { return (CK_NAME(counts))(whole + 12582912.0f); }

CK_INLINE void CK_NAME(store_run)(const CK_NAME(outputs) *run, size_t count, CK_NAME(grid) grid, size_t half,
                                  uint8_t *block, size_t first) {
    const CK_NAME(outputs) shift = grid.offset / grid.multiplier;
    const CK_NAME(counts) multipliers = CK_NAME(integers)(grid.multiplier), offsets = CK_NAME(integers)(grid.offset);
    for (size_t j = 0; j < 16; j++) {
        block[half * CK_PANEL + first + j] = (uint8_t)multipliers[j];
        block[2 * CK_PANEL + (first + j) * 2 + half] = (uint8_t)offsets[j];
    }
    uint8_t *weights = block + 4 * CK_PANEL + half * (CK_INT4_RUN / 2) * CK_PANEL + first * 4;
    for (size_t k = 0; k < count; k++) {
        const CK_NAME(counts) steps = CK_NAME(integers)(CK_NAME(nearest)(run[k] / grid.multiplier, shift));
        uint8_t *out = weights + k / 8 * (4 * CK_PANEL) + k % 4;
        for (size_t j = 0; j < 16; j++) out[j * 4] |= (uint8_t)((steps[j] & 15) << (k % 8 < 4 ? 0 : 4));
    }
}

// The step of an output is the least with which the multiplier of its widest run spans it.
CK_TARGET static void CK_NAME(pack_int4)(const float *weights, size_t inputs, size_t outputs, void *panel,
                                         float *scales) {
    memset(panel, 0, ck_panel_words(CK_INT4, inputs) * 4);
    for (size_t first = 0; first < CK_PANEL; first += 16) {
        const float *rows = weights + first * inputs;
        const size_t used = outputs > first ? outputs - first : 0;
        CK_NAME(outputs) run[CK_INT4_RUN], widest = {0};
        for (size_t k = 0; k < inputs; k += CK_INT4_RUN) {
            const size_t count = inputs - k < CK_INT4_RUN ? inputs - k : CK_INT4_RUN;
            CK_NAME(outputs) least = {0}, most = {0};
            CK_NAME(gather_run)(rows + k, inputs, used, count, CK_NAME(all)(1), run);
            for (size_t i = 0; i < count; i++) {
                least = CK_NAME(lower)(run[i], least);
                most = CK_NAME(higher)(run[i], most);
            }
            widest = CK_NAME(higher)(most - least, widest);
        }
        const CK_NAME(outputs) steps = widest / 255.0f;
        memcpy(scales + first, &steps, sizeof steps);
        // Below, 255 / widest would not be finite; such an output is as good as 0.
        const CK_NAME(outputs) inverse = widest >= 1e-36f ? 255.0f / widest : CK_NAME(all)(0);
        for (size_t k = 0; k < inputs; k += CK_INT4_RUN) {
            const size_t count = inputs - k < CK_INT4_RUN ? inputs - k : CK_INT4_RUN;
            uint8_t *block = (uint8_t *)panel + k / CK_INT4_BLOCK * (CK_INT4_BLOCK_WORDS * 4);
            CK_NAME(gather_run)(rows + k, inputs, used, count, inverse, run);
            CK_NAME(store_run)(run, count, CK_NAME(best_grid)(run, count), k / CK_INT4_RUN % 2, block, first);
        }
    }
}

#pragma clang diagnostic pop
