#define CK_TARGET
#define CK_NAME(name) plain_##name
#include "rowwise.h"

static void store(float *out, size_t outputs, const float *sums, ck_epilogue epilogue) {
    for (size_t j = 0; j < outputs; j++) {
        if (epilogue == CK_ADD) out[j] += sums[j];
        else out[j] = epilogue == CK_STORE_RELU && sums[j] < 0 ? 0 : sums[j];
    }
}

static void product_f32(ck_rows input, ck_panel panel, float *output, size_t stride, size_t outputs, size_t rows,
                        ck_epilogue epilogue) {
    for (size_t r = 0; r < rows; r++) {
        const float *x = (const float *)((const char *)input.data + r * input.stride), *w = panel.data;
        float sums[CK_PANEL] = {0};
        for (size_t k = 0; k < panel.groups; k++)
            for (size_t j = 0; j < CK_PANEL; j++) sums[j] += x[k] * w[k * CK_PANEL + j];
        store(output + r * stride, outputs, sums, epilogue);
    }
}

static float widened(uint16_t value) {
    const uint32_t bits = (uint32_t)value << 16;
    float number;
    memcpy(&number, &bits, 4);
    return number;
}

static void product_bf16(ck_rows input, ck_panel panel, float *output, size_t stride, size_t outputs, size_t rows,
                         ck_epilogue epilogue) {
    for (size_t r = 0; r < rows; r++) {
        const uint16_t *x = (const uint16_t *)((const char *)input.data + r * input.stride), *w = panel.data;
        float sums[CK_PANEL] = {0};
        for (size_t k = 0; k < panel.groups; k++) {
            const float x0 = widened(x[2 * k]), x1 = widened(x[2 * k + 1]);
            for (size_t j = 0; j < CK_PANEL; j++) {
                sums[j] += x0 * widened(w[(k * CK_PANEL + j) * 2]);
                sums[j] += x1 * widened(w[(k * CK_PANEL + j) * 2 + 1]);
            }
        }
        store(output + r * stride, outputs, sums, epilogue);
    }
}

static void product_int8(ck_rows input, ck_panel panel, float *output, size_t stride, size_t outputs, size_t rows,
                         ck_epilogue epilogue) {
    for (size_t r = 0; r < rows; r++) {
        const uint8_t *x = (const uint8_t *)input.data + r * input.stride;
        const int8_t *w = panel.data;
        int32_t totals[CK_PANEL] = {0};
        for (size_t k = 0; k < panel.groups; k++)
            for (size_t j = 0; j < CK_PANEL; j++)
                for (size_t i = 0; i < 4; i++) totals[j] += x[4 * k + i] * w[(k * CK_PANEL + j) * 4 + i];
        float sums[CK_PANEL];
        for (size_t j = 0; j < CK_PANEL; j++)
            sums[j] = (float)(totals[j] - panel.offsets[j]) * panel.scales[j] * input.scales[r];
        plain_finish_outliers(CK_INT8, input, panel, sums, output, stride, outputs, r, 1, epilogue);
    }
}

// Weights of fewer than 4 bits are widened block by block.
static inline void product_of_runs(ck_element element, ck_rows input, ck_panel panel, float *output, size_t stride,
                                   size_t outputs, size_t rows, ck_epilogue epilogue) {
    for (size_t r = 0; r < rows; r++) {
        const int8_t *x = (const int8_t *)input.data + r * input.stride;
        const int16_t *runs = (const int16_t *)(x + panel.groups * 4);
        const uint8_t *packed = panel.data;
        int32_t totals[CK_PANEL] = {0};
        for (size_t block = 0; block < panel.groups * 4 / CK_INT4_BLOCK; block++) {
            const uint8_t *multipliers = packed, *offsets = packed + 2 * CK_PANEL, *w = packed + 4 * CK_PANEL;
            packed += ck_block_words(element) * 4;
            uint8_t widened[CK_INT4_BLOCK / 2 * CK_PANEL];
            if (element != CK_INT4) {
                plain_widen_runs(element, w, widened);
                w = widened;
            }
            for (size_t run = 0; run < 2; run++, multipliers += CK_PANEL, runs++) {
                int32_t sums[CK_PANEL] = {0};
                for (size_t k = 0; k < CK_INT4_RUN; k += 8, x += 8, w += 4 * CK_PANEL)
                    for (size_t j = 0; j < CK_PANEL; j++)
                        for (size_t i = 0; i < 4; i++)
                            sums[j] += x[i] * (w[4 * j + i] & 15) + x[i + 4] * (w[4 * j + i] >> 4);
                for (size_t j = 0; j < CK_PANEL; j++)
                    totals[j] += sums[j] * multipliers[j] + *runs * offsets[2 * j + run];
            }
        }
        float sums[CK_PANEL];
        for (size_t j = 0; j < CK_PANEL; j++) sums[j] = (float)totals[j] * panel.scales[j] * input.scales[r];
        plain_finish_outliers(element, input, panel, sums, output, stride, outputs, r, 1, epilogue);
    }
}

static void product_int4(ck_rows input, ck_panel panel, float *output, size_t stride, size_t outputs, size_t rows,
                         ck_epilogue epilogue) {
    product_of_runs(CK_INT4, input, panel, output, stride, outputs, rows, epilogue);
}

static void product_int3(ck_rows input, ck_panel panel, float *output, size_t stride, size_t outputs, size_t rows,
                         ck_epilogue epilogue) {
    product_of_runs(CK_INT3, input, panel, output, stride, outputs, rows, epilogue);
}

static void product_int2(ck_rows input, ck_panel panel, float *output, size_t stride, size_t outputs, size_t rows,
                         ck_epilogue epilogue) {
    product_of_runs(CK_INT2, input, panel, output, stride, outputs, rows, epilogue);
}

// One panel with one row, a step being one group.
static uint64_t arithmetic(ck_product *product, ck_element element, size_t steps) {
    enum { groups = 256 };
    // A row without outliers.
    static const _Alignas(64) uint32_t weights[groups * CK_PANEL], row[groups + groups * 4 / CK_INT4_BLOCK + 1];
    static const float scales[CK_PANEL];
    static const int32_t offsets[CK_PANEL];
    float output[CK_PANEL];
    const size_t calls = (steps + groups - 1) / groups;
    for (size_t i = 0; i < calls; i++) {
        product((ck_rows){row, sizeof row, scales}, (ck_panel){weights, groups, scales, offsets}, output, CK_PANEL,
                CK_PANEL, 1, CK_STORE);
        __asm__ volatile("" : : "r"(output) : "memory");
    }
    return (uint64_t)calls * groups * CK_PANEL * 2 * ck_group(element);
}

static uint64_t arithmetic_f32(size_t steps) { return arithmetic(product_f32, CK_F32, steps); }
static uint64_t arithmetic_bf16(size_t steps) { return arithmetic(product_bf16, CK_BF16, steps); }
static uint64_t arithmetic_int8(size_t steps) { return arithmetic(product_int8, CK_INT8, steps); }
static uint64_t arithmetic_int4(size_t steps) { return arithmetic(product_int4, CK_INT4, steps); }

const ck_kernels ck_kernels_plain = {
    .product = {product_f32, product_bf16, product_int8, product_int4, product_int3, product_int2},
    .arithmetic = {arithmetic_f32, arithmetic_bf16, arithmetic_int8, arithmetic_int4},
    CK_ROWWISE,
};
