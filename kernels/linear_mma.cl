// linear_mma: linear.cl on tensor cores. Target: sm_80. Storage: fp16 bf16.
#include "product_mma.h"

#define LINEAR_PARAMETERS \
    GLOBAL const store_t* x, GLOBAL const store_t* matrix, GLOBAL const float* bias, GLOBAL const store_t* residual, \
    GLOBAL store_t* y, int rows, int inputs, int outputs, int panels, int activation

#define LINEAR(down) \
    PRODUCT_SHARED(down); \
    const int row0 = GRP1 * PRODUCT_ROWS(down), panel0 = GRP0 * PANELS(down); \
    struct product_rows in = { .x = x, .rows = rows, .channels1 = inputs, .kernel_height = 1, .kernel_width = 1 }; \
    struct product_end end = \
    { \
        .bias = bias, .residual = residual, .y = y, .rows = rows, .outputs = outputs, .picture_rows = 1, \
        .residual_rows = rows, .activation = activation, \
    }; \
    float sums[down * ACROSS * 4]; \
    multiply_rows(sums, &in, matrix, row0, panel0, panels, down, shared, exchange); \
    write_product(sums, &end, row0, panel0, down, shared);

KERNEL(linear_mma, MMA_ITEMS)(LINEAR_PARAMETERS) { LINEAR(4) }

// For products with too few tiles to fill a device.
KERNEL(linear_mma_small, MMA_ITEMS)(LINEAR_PARAMETERS) { LINEAR(1) }
