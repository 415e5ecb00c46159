// Kernels of training as plain loops, included by rowwise.h once per instruction set.

// A well-mixed number for element `index` of a stream: two rounds of multiply and shift (Wellons' lowbias32).
CK_INLINE uint32_t CK_NAME(noise)(uint64_t key, uint32_t index) {
    uint32_t x = index * 0x9E3779B9u + (uint32_t)key;
    x = (x ^ (x >> 16)) * 0x21F0AAADu;
    x = (x ^ (x >> 15)) * 0x735A2D97u;
    x = (x ^ (x >> 15)) + (uint32_t)(key >> 32);
    x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
    x = (x ^ (x >> 13)) * 0xC2B2AE35u;
    return x ^ (x >> 16);
}

CK_TARGET static void CK_NAME(drop)(float *values, size_t count, uint64_t key, float rate) {
    const uint32_t threshold = (uint32_t)((double)rate * 4294967296.0);
    const float kept = 1.0f / (1.0f - rate);
    for (size_t i = 0; i < count; i++)
        values[i] = CK_NAME(noise)(key, (uint32_t)i) < threshold ? 0.0f : values[i] * kept;
}

CK_TARGET static void CK_NAME(jitter)(float *values, size_t count, uint64_t key, float range) {
    for (size_t i = 0; i < count; i++) {
        const float unit = (float)(CK_NAME(noise)(key, (uint32_t)i) >> 8) * 0x1p-24f;
        values[i] *= 1.0f - range + 2.0f * range * unit;
    }
}

CK_TARGET static void CK_NAME(rms_norm_gradient)(const float *input, const float *scale, const float *output_gradient,
                                                 float *input_gradient, float *scale_gradient, size_t rows,
                                                 size_t cols, float epsilon) {
#pragma clang fp reassociate(on) contract(fast)
    for (size_t r = 0; r < rows; r++) {
        const float *in = input + r * cols, *out = output_gradient + r * cols;
        float *into = input_gradient + r * cols;
        float squares = 0, product = 0;
        for (size_t c = 0; c < cols; c++) {
            squares += in[c] * in[c];
            product += in[c] * out[c] * scale[c];
        }
        const float inverse = 1.0f / sqrtf(squares / (float)cols + epsilon);
        const float pull = product * inverse * inverse / (float)cols;
        for (size_t c = 0; c < cols; c++) {
            into[c] += inverse * (out[c] * scale[c] - in[c] * pull);
            scale_gradient[c] += out[c] * in[c] * inverse;
        }
    }
}

CK_TARGET static void CK_NAME(softmax_gradient)(const float *probabilities, float *gradient, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
    float sum = 0;
    for (size_t i = 0; i < count; i++) sum += probabilities[i] * gradient[i];
    for (size_t i = 0; i < count; i++) gradient[i] = probabilities[i] * (gradient[i] - sum);
}

CK_TARGET static void CK_NAME(relu_gradient)(const float *output, float kept, float *gradient, size_t count) {
    for (size_t i = 0; i < count; i++) gradient[i] = output[i] > 0 ? gradient[i] * kept : 0.0f;
}

CK_TARGET static void CK_NAME(activation_gradient)(ck_activation activation, const float *input, const float *factors,
                                                   const float *gradient, float *input_gradient,
                                                   float *factor_gradient, size_t count) {
#pragma clang fp contract(fast)
    // The activation's values in factor_gradient where there are factors, its slopes in input_gradient, then the chain rule.
    switch (activation) {
    case CK_RELU:
        for (size_t i = 0; i < count; i++) {
            if (factors) factor_gradient[i] = input[i] > 0 ? input[i] : 0;
            input_gradient[i] = input[i] > 0 ? 1 : 0;
        }
        break;
    case CK_GELU:
        for (size_t i = 0; i < count; i++) {
            const float x = input[i], below = 0.5f * (1.0f + erff(x * 0.70710678f));
            if (factors) factor_gradient[i] = x * below;
            input_gradient[i] = below + x * 0.39894228f * CK_NAME(exp)(-0.5f * x * x);
        }
        break;
    case CK_GELU_TANH:
        for (size_t i = 0; i < count; i++) {
            const float x = input[i], u = 1.5957691216f * (x + 0.044715f * x * x * x);
            const float share = 1.0f / (1.0f + CK_NAME(exp)(-u));
            if (factors) factor_gradient[i] = x * share;
            input_gradient[i] = share + x * share * (1.0f - share) * 1.5957691216f * (1.0f + 0.134145f * x * x);
        }
        break;
    case CK_SILU:
        for (size_t i = 0; i < count; i++) {
            const float x = input[i], share = 1.0f / (1.0f + CK_NAME(exp)(-x));
            if (factors) factor_gradient[i] = x * share;
            input_gradient[i] = share + x * share * (1.0f - share);
        }
        break;
    }
    for (size_t i = 0; i < count; i++) input_gradient[i] *= gradient[i] * (factors ? factors[i] : 1.0f);
    if (factors)
        for (size_t i = 0; i < count; i++) factor_gradient[i] *= gradient[i];
}

CK_TARGET static ck_token_loss CK_NAME(cross_entropy)(float *logits, size_t count, size_t label, float smoothing,
                                                      float weight) {
#pragma clang fp reassociate(on) contract(fast)
    const float largest = CK_NAME(max)(logits, count), at_label = logits[label];
    float sum = 0, total = 0;
    for (size_t i = 0; i < count; i++) {
        total += logits[i] - largest;
        logits[i] = CK_NAME(exp)(logits[i] - largest);
        sum += logits[i];
    }
    const float log_sum = logf(sum), share = weight / sum, spread = weight * smoothing / (float)count;
    for (size_t i = 0; i < count; i++) logits[i] = logits[i] * share - spread;
    logits[label] -= weight * (1.0f - smoothing);
    const float likelihood = log_sum - (at_label - largest);
    const ck_token_loss loss = {
        .negative_log_likelihood = likelihood,
        .smoothed = (1.0f - smoothing) * likelihood + smoothing * (log_sum - total / (float)count),
        .is_best = at_label == largest,
    };
    return loss;
}

CK_TARGET static double CK_NAME(sum_of_squares)(const float *values, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
    double total = 0;
    for (size_t start = 0; start < count; start += 4096) {
        const size_t end = start + 4096 < count ? start + 4096 : count;
        float sum = 0;
        for (size_t i = start; i < end; i++) sum += values[i] * values[i];
        total += sum;
    }
    return total;
}

CK_TARGET static float CK_NAME(dot)(const float *left, const float *right, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
    float sum = 0;
    for (size_t i = 0; i < count; i++) sum += left[i] * right[i];
    return sum;
}

CK_TARGET static void CK_NAME(multiply)(float *values, float factor, size_t count) {
    for (size_t i = 0; i < count; i++) values[i] *= factor;
}

CK_TARGET static void CK_NAME(blend)(float *values, const float *target, float share, size_t count) {
#pragma clang fp contract(fast)
    for (size_t i = 0; i < count; i++) values[i] += share * (target[i] - values[i]);
}

CK_TARGET static void CK_NAME(adam)(float *values, const float *gradient, float *first, float *second, size_t count,
                                    ck_adam_step step) {
#pragma clang fp contract(fast)
    for (size_t i = 0; i < count; i++) {
        const float g = gradient[i] * step.gradient_scale;
        const float m = first[i] + (1.0f - step.first_decay) * (g - first[i]);
        const float v = step.second_decay * second[i] + (1.0f - step.second_decay) * g * g;
        // Where gradients stay away, moments would end as subnormal numbers, which some processors are slow with.
        first[i] = fabsf(m) < 1e-30f ? 0.0f : m;
        second[i] = v < 1e-36f ? 0.0f : v;
        const float root = sqrtf(second[i]) * step.second_correction + step.epsilon;
        values[i] = values[i] * step.shrinking - step.rate * step.first_correction * first[i] / root;
    }
}

CK_TARGET static void CK_NAME(square_means)(const float *gradient, float scale, float floor, size_t rows, size_t cols,
                                            float *row_means, float *column_means) {
#pragma clang fp reassociate(on) contract(fast)
    for (size_t c = 0; c < cols; c++) column_means[c] = 0;
    for (size_t r = 0; r < rows; r++) {
        float sum = 0;
        for (size_t c = 0; c < cols; c++) {
            const float g = gradient[r * cols + c] * scale, square = g * g + floor;
            sum += square;
            column_means[c] += square;
        }
        row_means[r] = sum / (float)cols;
    }
    for (size_t c = 0; c < cols; c++) column_means[c] /= (float)rows;
}

CK_TARGET static double CK_NAME(factored_squares)(const float *gradient, float scale, const float *row_factors,
                                                  const float *column_factors, size_t rows, size_t cols) {
#pragma clang fp reassociate(on) contract(fast)
    double total = 0;
    for (size_t r = 0; r < rows; r++) {
        float sum = 0;
        for (size_t c = 0; c < cols; c++) {
            const float update = gradient[r * cols + c] * column_factors[c];
            sum += update * update;
        }
        const double factor = (double)(scale * row_factors[r]);
        total += factor * factor * (double)sum;
    }
    return total;
}

CK_TARGET static void CK_NAME(factored_step)(float *values, const float *gradient, ck_factored_step step, size_t rows,
                                             size_t cols) {
#pragma clang fp contract(fast)
    for (size_t r = 0; r < rows; r++) {
        const float factor = step.scale * step.row_factors[r];
        for (size_t c = 0; c < cols; c++)
            values[r * cols + c] = values[r * cols + c] * step.shrinking -
                                   factor * gradient[r * cols + c] * step.column_factors[c];
    }
}

CK_TARGET static void CK_NAME(round_to_bf16)(const float *input, float *output, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, input + i, 4);
        bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000;
        memcpy(output + i, &bits, 4);
    }
}

#define CK_TRAINWISE                                                                                               \
    .drop = CK_NAME(drop), .jitter = CK_NAME(jitter), .rms_norm_gradient = CK_NAME(rms_norm_gradient),             \
    .softmax_gradient = CK_NAME(softmax_gradient), .relu_gradient = CK_NAME(relu_gradient),                        \
    .activation_gradient = CK_NAME(activation_gradient),                                                           \
    .cross_entropy = CK_NAME(cross_entropy), .sum_of_squares = CK_NAME(sum_of_squares), .dot = CK_NAME(dot),       \
    .multiply = CK_NAME(multiply), .blend = CK_NAME(blend), .adam = CK_NAME(adam),                                 \
    .square_means = CK_NAME(square_means), .factored_squares = CK_NAME(factored_squares),                          \
    .factored_step = CK_NAME(factored_step), .round_to_bf16 = CK_NAME(round_to_bf16)
