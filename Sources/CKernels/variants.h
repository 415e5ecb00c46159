#ifndef CK_VARIANTS_H
#define CK_VARIANTS_H

#include "CKernels.h"

typedef void ck_product(ck_rows, ck_panel, float *, size_t, size_t, size_t, ck_epilogue);

// One table of kernels per instruction set. Each kernels_*.c fills its own.
typedef struct {
    // By ck_element.
    ck_product *product[CK_ELEMENTS];
    // And, as rows are rounded, no further than CK_INT4.
    uint64_t (*arithmetic[4])(size_t);
    void (*pack_keys)(ck_element, const float *, size_t, size_t, size_t, void *);
    void (*pack_values)(ck_element, const float *, size_t, size_t, size_t, void *);
    float (*round_weights)(ck_element, float *, size_t, int32_t *);
    float (*round_row[4])(const float *, size_t, void *);
    void (*begin_runs)(ck_element, const float *, size_t, size_t, void *, float *, float *);
    void (*pack_run)(ck_element, float *, size_t, size_t, size_t, size_t, const float *, const float *, void *);
    uint64_t (*read_memory)(const void *, size_t);
    void (*rms_norm)(const float *, const float *, float *, size_t, size_t, float);
    void (*softmax)(float *, size_t);
    float (*exponential_sum)(const float *, size_t, float);
    float (*merged_log_sum)(const float *, const float *, size_t);
    float (*max)(const float *, size_t);
    float (*exponentials)(float *, size_t, float, float);
    size_t (*argmax)(const float *, size_t);
    void (*activate)(ck_activation, float *, const float *, size_t);
    int (*all_finite)(const float *, size_t);
    void (*add_scaled)(const float *, float, float *, size_t);
    void (*store_cache_row)(const float *, ck_cache, int32_t);
    void (*attention_row)(const float *, ck_cache, size_t, size_t, const int32_t *, size_t, const float *, size_t,
                          float *, float *);
    // Training.
    void (*drop)(float *, size_t, uint64_t, float);
    void (*jitter)(float *, size_t, uint64_t, float);
    void (*rms_norm_gradient)(const float *, const float *, const float *, float *, float *, size_t, size_t, float);
    void (*softmax_gradient)(const float *, float *, size_t);
    void (*relu_gradient)(const float *, float, float *, size_t);
    void (*activation_gradient)(ck_activation, const float *, const float *, const float *, float *, float *, size_t);
    ck_token_loss (*cross_entropy)(float *, size_t, size_t, float, float);
    double (*sum_of_squares)(const float *, size_t);
    float (*dot)(const float *, const float *, size_t);
    void (*multiply)(float *, float, size_t);
    void (*blend)(float *, const float *, float, size_t);
    void (*adam)(float *, const float *, float *, float *, size_t, ck_adam_step);
    void (*square_means)(const float *, float, float, size_t, size_t, float *, float *);
    double (*factored_squares)(const float *, float, const float *, const float *, size_t, size_t);
    void (*factored_step)(float *, const float *, ck_factored_step, size_t, size_t);
    void (*round_to_bf16)(const float *, float *, size_t);
} ck_kernels;

// Not instrumented by sanitizers: hundreds of unrolled accesses would take the compiler minutes. The plain kernels, which
// do the same at the same addresses, are.
#define CK_PLAINLY __attribute__((no_sanitize("address", "undefined")))

// What one of several blocks of rows asks memory for: its share of the next panel, so that no block waits for all of it.
typedef struct {
    const char *next;
    // Bytes for each 128 of the panel that are multiplied.
    size_t step;
} ck_ahead;

static inline ck_ahead ck_next_panel(const char *panel, size_t bytes, size_t block, size_t blocks) {
    return (ck_ahead){panel + bytes + bytes * block / blocks, (128 + blocks - 1) / blocks};
}

// Where all rows run at once: 128 bytes of the panel itself, 8 KB ahead.
#define CK_ASK_ON(weights)                                   \
    do {                                                     \
        __builtin_prefetch((weights) + 8192, 0, 3);          \
        __builtin_prefetch((weights) + 8192 + 64, 0, 3);     \
    } while (0)

// At each 128 bytes of a panel, either.
#define CK_ASK(weights, ahead, is_once)                      \
    do {                                                     \
        if (is_once) {                                       \
            CK_ASK_ON(weights);                              \
        } else {                                             \
            __builtin_prefetch((ahead).next, 0, 2);          \
            (ahead).next += (ahead).step;                    \
        }                                                    \
    } while (0)

#define CK_PASTE2(a, b) a##b
#define CK_PASTE(a, b) CK_PASTE2(a, b)

// Bytes of the weights of a run in a panel.
static inline size_t ck_run_bytes(ck_element element) { return CK_INT4_RUN * ck_run_bits(element) / 8 * CK_PANEL; }

// Where a weight of the first output of a panel is within its run; that of the next is 4 bytes on.
typedef struct {
    size_t offset;
    int shift;
} ck_place;

// Of input k, 0 to CK_INT4_RUN: all bits for CK_INT4, the two low ones otherwise.
static inline ck_place ck_place_of(ck_element element, size_t k) {
    const size_t inputs = element == CK_INT4 ? 8 : 16;
    return (ck_place){k / inputs * (4 * CK_PANEL) + k % 4, (int)(k % inputs / 4 * (element == CK_INT4 ? 4 : 2))};
}

// Of its third bit, for CK_INT3.
static inline ck_place ck_third_bit_of(size_t k) {
    return (ck_place){CK_INT4_RUN / 16 * (4 * CK_PANEL) + k % 4, (int)(k / 4)};
}

// Bytes of one element of a cached key or value.
static inline size_t ck_cached_bytes(ck_element element) { return element == CK_F32 ? 4 : element == CK_BF16 ? 2 : 1; }

// One head's part of block 0 of a cache; other blocks lie `block_bytes` apart.
typedef struct {
    const char *keys, *values;
    // CK_INT8: [CK_CACHE_BLOCK] floats.
    const char *key_scales, *value_scales;
    size_t block_bytes;
} ck_cached_head;

static inline size_t ck_block_bytes(ck_cache cache) {
    const size_t scale_bytes = cache.element == CK_INT8 ? sizeof(float) : 0;
    return 2 * cache.heads * CK_CACHE_BLOCK * (cache.width * ck_cached_bytes(cache.element) + scale_bytes);
}

// An index past the heads stands for their values, as keys.
static inline ck_cached_head ck_head_of(ck_cache cache, size_t index) {
    const size_t head_bytes = CK_CACHE_BLOCK * cache.width * ck_cached_bytes(cache.element);
    const size_t scale_bytes = CK_CACHE_BLOCK * sizeof(float);
    const char *data = cache.data, *scales = data + 2 * cache.heads * head_bytes;
    return (ck_cached_head){
        data + index * head_bytes, data + (cache.heads + index) * head_bytes, scales + index * scale_bytes,
        scales + (cache.heads + index) * scale_bytes, ck_block_bytes(cache)};
}

// Rounds a row of weights in place, to whole groups; for CK_INT8 returns its scale and tells its offset.
float ck_round_weights(ck_element element, float *row, size_t count, int32_t *offset);

extern const ck_kernels ck_kernels_plain;
extern const ck_kernels ck_kernels_avx2;
extern const ck_kernels ck_kernels_avx512;
extern const ck_kernels ck_kernels_avx512_vnni;
extern const ck_kernels ck_kernels_avx512_bf16;

#endif
