// linear_mma: linear.cl on tensor cores. Target: sm_80. Storage: fp16 bf16.
#include "product_mma.h"
#include "linear_parameters.h"

#define LINEAR(down) \
    PRODUCT_SHARED(down); \
    LINEAR_PRODUCT \
    multiply_and_write(&in, matrix, &end, panels, splits, down, shared, exchange);

KERNEL(linear_mma, MMA_ITEMS)(LINEAR_PARAMETERS) { LINEAR(4) }

// For products with too few tiles to fill a device.
KERNEL(linear_mma_small, MMA_ITEMS)(LINEAR_PARAMETERS) { LINEAR(1) }
