#define CK_TARGET
#define CK_NAME(name) plain_##name
#include "rowwise.h"

static void product_panel(const float *input, size_t input_stride, const float *panel, size_t inputs, float *output,
                          size_t output_stride, size_t outputs, size_t rows, ck_epilogue epilogue) {
    for (size_t r = 0; r < rows; r++) {
        float sums[CK_PANEL] = {0};
        for (size_t k = 0; k < inputs; k++) {
            const float x = input[r * input_stride + k];
            for (size_t j = 0; j < CK_PANEL; j++) sums[j] += x * panel[k * CK_PANEL + j];
        }
        float *out = output + r * output_stride;
        for (size_t j = 0; j < outputs; j++) {
            if (epilogue == CK_ADD) out[j] += sums[j];
            else out[j] = epilogue == CK_STORE_RELU && sums[j] < 0 ? 0 : sums[j];
        }
    }
}

const ck_kernels ck_kernels_plain = CK_TABLE(product_panel);
