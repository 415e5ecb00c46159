// Rounding to 4 bits and fewer: rows of CK_INT4 and weights with runs, included by rowwise.h.
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

// The largest q of an element, and with it the largest multiplier: their product is at most 255.
CK_INLINE float CK_NAME(levels)(ck_element element) { return element == CK_INT4 ? 15 : element == CK_INT3 ? 7 : 3; }
CK_INLINE float CK_NAME(most)(ck_element element) { return element == CK_INT4 ? 17 : element == CK_INT3 ? 36 : 85; }

CK_INLINE CK_NAME(outputs) CK_NAME(nearest)(CK_NAME(outputs) value, CK_NAME(outputs) shift, float levels) {
    return CK_NAME(whole)(CK_NAME(lower)(CK_NAME(higher)(value + shift, CK_NAME(all)(0)), CK_NAME(all)(levels)));
}

// Keeps for each output the offset that errs less. scaled: the run divided by best.multiplier's candidate.
CK_INLINE void CK_NAME(try_offset)(const CK_NAME(outputs) *scaled, size_t count, float levels,
                                   CK_NAME(outputs) multiplier, CK_NAME(outputs) offset, CK_NAME(grid) *best) {
    offset = CK_NAME(lower)(CK_NAME(higher)(CK_NAME(whole)(offset), CK_NAME(all)(0)), CK_NAME(all)(255));
    const CK_NAME(outputs) shift = offset / multiplier;
    CK_NAME(outputs) squares = {0};
    for (size_t k = 0; k < count; k++) {
        const CK_NAME(outputs) missed = scaled[k] + shift - CK_NAME(nearest)(scaled[k], shift, levels);
        squares += missed * missed;
    }
    const CK_NAME(outputs) error = squares * (multiplier * multiplier);
    best->multiplier = error < best->error ? multiplier : best->multiplier;
    best->offset = error < best->error ? offset : best->offset;
    best->error = CK_NAME(lower)(error, best->error);
}

// The least squared error of: the multiplier that spans the run and some below, each with offsets around the one that
// puts the middle of the run in the middle of the grid; and rounding from the least value up. At 4 bits two multipliers
// below do; with fewer bits it pays to cut off more, down to half the span.
CK_INLINE CK_NAME(grid) CK_NAME(best_grid)(ck_element element, const CK_NAME(outputs) *run, size_t count) {
    const float levels = CK_NAME(levels)(element);
    CK_NAME(outputs) least = run[0], most = run[0];
    for (size_t k = 1; k < count; k++) {
        least = CK_NAME(lower)(run[k], least);
        most = CK_NAME(higher)(run[k], most);
    }
    least = CK_NAME(lower)(least, CK_NAME(all)(0));
    const CK_NAME(outputs) middle = (least + most) * 0.5f;
    CK_NAME(outputs) multiplier = CK_NAME(whole_up)((most - least) * (1.0f / levels));
    multiplier = CK_NAME(lower)(CK_NAME(higher)(multiplier, CK_NAME(all)(1)), CK_NAME(all)(CK_NAME(most)(element)));
    const CK_NAME(outputs) span = multiplier;
    CK_NAME(grid) best = {CK_NAME(all)(1), CK_NAME(all)(0), CK_NAME(all)(INFINITY)};
    for (int lower = 0; lower < (element == CK_INT4 ? 3 : 11); lower++) {
        CK_NAME(outputs) scaled[CK_INT4_RUN];
        for (size_t k = 0; k < count; k++) scaled[k] = run[k] / multiplier;
        if (lower == 0) CK_NAME(try_offset)(scaled, count, levels, multiplier, -least, &best);
        for (int aside = -3; aside <= 3; aside++)
            CK_NAME(try_offset)(scaled, count, levels, multiplier,
                                multiplier * (levels * 0.5f + 0.2f * (float)aside) - middle, &best);
        const CK_NAME(outputs) next = element == CK_INT4 ? multiplier - 1.0f
                                                         : CK_NAME(whole)(span * (0.95f - 0.05f * (float)lower));
        multiplier = CK_NAME(higher)(next, CK_NAME(all)(1));
    }
    return best;
}

// Whole numbers of which the low byte counts.
CK_INLINE CK_NAME(counts) CK_NAME(integers)(CK_NAME(outputs) whole) { return (CK_NAME(counts))(whole + 12582912.0f); }

// half: of the block, the run.
CK_INLINE void CK_NAME(store_grid)(CK_NAME(grid) grid, size_t half, uint8_t *block, size_t first) {
    const CK_NAME(counts) multipliers = CK_NAME(integers)(grid.multiplier), offsets = CK_NAME(integers)(grid.offset);
    for (size_t j = 0; j < 16; j++) {
        block[half * CK_PANEL + first + j] = (uint8_t)multipliers[j];
        block[2 * CK_PANEL + (first + j) * 2 + half] = (uint8_t)offsets[j];
    }
}

// Input k of the run whose weights are at `weights`.
CK_INLINE void CK_NAME(store_input)(ck_element element, CK_NAME(outputs) whole, size_t k, uint8_t *weights) {
    const CK_NAME(counts) steps = CK_NAME(integers)(whole);
    const ck_place place = ck_place_of(element, k), third = ck_third_bit_of(k);
    const uint32_t most = element == CK_INT4 ? 15 : 3;
    for (size_t j = 0; j < 16; j++) {
        weights[place.offset + 4 * j] |= (uint8_t)((steps[j] & most) << place.shift);
        if (element == CK_INT3) weights[third.offset + 4 * j] |= (uint8_t)((steps[j] >> 2 & 1) << third.shift);
    }
}

// The step of an output is the least with which the multiplier of its widest run spans it.
CK_TARGET static void CK_NAME(begin_runs)(ck_element element, const float *weights, size_t inputs, size_t outputs,
                                          void *panel, float *scales, float *inverses) {
    const float most = CK_NAME(levels)(element) * CK_NAME(most)(element);
    memset(panel, 0, ck_panel_words(element, inputs) * 4);
    for (size_t first = 0; first < CK_PANEL; first += 16) {
        const float *rows = weights + first * inputs;
        const size_t used = outputs > first ? outputs - first : 0;
        CK_NAME(outputs) run[CK_INT4_RUN], widest = {0};
        for (size_t k = 0; k < inputs; k += CK_INT4_RUN) {
            const size_t count = inputs - k < CK_INT4_RUN ? inputs - k : CK_INT4_RUN;
            CK_NAME(outputs) least = {0}, largest = {0};
            CK_NAME(gather_run)(rows + k, inputs, used, count, CK_NAME(all)(1), run);
            for (size_t i = 0; i < count; i++) {
                least = CK_NAME(lower)(run[i], least);
                largest = CK_NAME(higher)(run[i], largest);
            }
            widest = CK_NAME(higher)(largest - least, widest);
        }
        const CK_NAME(outputs) steps = widest / most;
        memcpy(scales + first, &steps, sizeof steps);
        // Below, most / widest would not be finite; such an output is as good as 0.
        const CK_NAME(outputs) inverse = widest >= 1e-36f ? most / widest : CK_NAME(all)(0);
        memcpy(inverses + first, &inverse, sizeof inverse);
    }
}

CK_TARGET static void CK_NAME(pack_run)(ck_element element, float *weights, size_t inputs, size_t outputs, size_t first,
                                        size_t count, const float *factor, const float *inverses, void *panel) {
    const size_t half = first / CK_INT4_RUN % 2;
    uint8_t *block = (uint8_t *)panel + first / CK_INT4_BLOCK * (ck_block_words(element) * 4);
    for (size_t output = 0; output < CK_PANEL; output += 16) {
        float *rows = weights + output * inputs + first;
        const size_t used = outputs > output ? outputs - output : 0;
        CK_NAME(outputs) run[CK_INT4_RUN], inverse;
        memcpy(&inverse, inverses + output, sizeof inverse);
        CK_NAME(gather_run)(rows, inputs, used, count, inverse, run);
        const CK_NAME(grid) grid = CK_NAME(best_grid)(element, run, count);
        CK_NAME(store_grid)(grid, half, block, output);
        const CK_NAME(outputs) shift = grid.offset / grid.multiplier;
        uint8_t *stored = block + 4 * CK_PANEL + half * ck_run_bytes(element) + output * 4;
        for (size_t k = 0; k < count; k++) {
            const CK_NAME(outputs) whole =
                CK_NAME(nearest)(run[k] / grid.multiplier, shift, CK_NAME(levels)(element));
            CK_NAME(store_input)(element, whole, k, stored);
            if (!factor) continue;
            const float *row = factor + k * inputs + first;
            const CK_NAME(outputs) missed = (run[k] - (grid.multiplier * whole - grid.offset)) / row[k];
            for (size_t later = k + 1; later < count; later++) run[later] -= missed * row[later];
            const CK_NAME(outputs) owed = inverse > 0.0f ? -missed / inverse : CK_NAME(all)(0);
            for (size_t j = 0; j < 16 && j < used; j++) rows[j * inputs + k] = owed[j];
        }
    }
}

// A block of weights of fewer bits as CK_INT4 has them.
CK_INLINE void CK_NAME(widen_runs)(ck_element element, const uint8_t *packed, uint8_t *halves) {
    for (int run = 0; run < 2; run++, packed += ck_run_bytes(element))
#pragma clang loop unroll(full)
        for (int step = 0; step < CK_INT4_RUN / 8; step++, halves += 4 * CK_PANEL) {
            const uint8_t *low = packed + step / 2 * (4 * CK_PANEL), *third = packed + 2 * (4 * CK_PANEL);
            for (int i = 0; i < 4 * CK_PANEL; i++) {
                const unsigned pair = (unsigned)low[i] >> step % 2 * 4;
                unsigned both = (pair & 3) | (pair & 12) << 2;
                if (element == CK_INT3) {
                    const unsigned bits = (unsigned)third[i] >> step * 2;
                    both |= (bits & 1) << 2 | (bits & 2) << 5;
                }
                halves[i] = (uint8_t)both;
            }
        }
}

#pragma clang diagnostic pop
