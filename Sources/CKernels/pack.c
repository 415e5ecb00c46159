#include "variants.h"

#include <string.h>

// Rows of weights are rounded where they stand, then moved as groups of 4 bytes, which are alike for all types.
void ck_pack_panel(ck_element element, float *weights, size_t inputs, size_t outputs, void *panel, float *scales,
                   int32_t *offsets) {
    if (ck_has_runs(element)) {
        float inverses[CK_PANEL];
        ck_begin_runs(element, weights, inputs, outputs, panel, scales, inverses);
        for (size_t first = 0; first < inputs; first += CK_INT4_RUN) {
            const size_t count = inputs - first < CK_INT4_RUN ? inputs - first : CK_INT4_RUN;
            ck_pack_run(element, weights, inputs, outputs, first, count, 0, inverses, panel);
        }
        return;
    }
    const size_t groups = (inputs + ck_group(element) - 1) / ck_group(element);
    for (size_t j = 0; element == CK_INT8 && j < CK_PANEL; j++) {
        scales[j] = 0;
        offsets[j] = 0;
        if (j < outputs) scales[j] = ck_round_weights(element, weights + j * inputs, inputs, &offsets[j]);
    }
    for (size_t j = 0; element == CK_BF16 && j < outputs; j++) ck_round_weights(element, weights + j * inputs, inputs, 0);
    const uint32_t *rows = (const uint32_t *)weights;
    uint32_t *out = panel;
    for (size_t k = 0; k < groups; k++, out += CK_PANEL)
        for (size_t j = 0; j < CK_PANEL; j++) out[j] = j < outputs ? rows[j * inputs + k] : 0;
}

void ck_widen_bf16(const void *input, size_t count, float *output) {
    const uint16_t *halves = input;
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = (uint32_t)halves[i] << 16;
        memcpy(output + i, &bits, sizeof bits);
    }
}
