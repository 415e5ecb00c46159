#include "CKernels.h"

#include <math.h>
#include <string.h>

static void pack_f32(const float *weights, size_t inputs, size_t outputs, float *panel) {
    for (size_t k = 0; k < inputs; k++)
        for (size_t j = 0; j < CK_PANEL; j++) panel[k * CK_PANEL + j] = j < outputs ? weights[j * inputs + k] : 0;
}

static void pack_bf16(const float *weights, size_t inputs, size_t outputs, uint16_t *panel) {
    const size_t groups = (inputs + 1) / 2;
    memset(panel, 0, groups * CK_PANEL * 4);
    for (size_t j = 0; j < outputs; j++)
        for (size_t k = 0; k < inputs; k++) {
            uint32_t bits;
            memcpy(&bits, weights + j * inputs + k, 4);
            panel[(k / 2 * CK_PANEL + j) * 2 + k % 2] = (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
        }
}

static void pack_int8(const float *weights, size_t inputs, size_t outputs, int8_t *panel, float *scales,
                      int32_t *offsets) {
    const size_t groups = (inputs + 3) / 4;
    memset(panel, 0, groups * CK_PANEL * 4);
    for (size_t j = 0; j < CK_PANEL; j++) {
        float largest = 0;
        for (size_t k = 0; j < outputs && k < inputs; k++) largest = fmaxf(largest, fabsf(weights[j * inputs + k]));
        const float inverse = largest >= 1e-36f ? 127.0f / largest : 0;
        int32_t sum = 0;
        for (size_t k = 0; j < outputs && k < inputs; k++) {
            const int8_t value = (int8_t)lrintf(weights[j * inputs + k] * inverse);
            panel[(k / 4 * CK_PANEL + j) * 4 + k % 4] = value;
            sum += value;
        }
        scales[j] = largest / 127.0f;
        offsets[j] = 128 * sum;
    }
}

void ck_pack_panel(ck_element element, const float *weights, size_t inputs, size_t outputs, void *panel, float *scales,
                   int32_t *offsets) {
    switch (element) {
        case CK_F32: pack_f32(weights, inputs, outputs, panel); break;
        case CK_BF16: pack_bf16(weights, inputs, outputs, panel); break;
        case CK_INT8: pack_int8(weights, inputs, outputs, panel, scales, offsets); break;
    }
}
