// conv2d_mma: conv2d.cl on tensor cores. Target: sm_80. Storage: fp16 bf16.
#include "product_mma.h"
#include "conv2d_parameters.h"

#define CONV2D(down) \
    PRODUCT_SHARED(down); \
    CONV2D_PRODUCT \
    multiply_and_write(&in, matrix, &end, panels, splits, down, shared, exchange);

KERNEL(conv2d_mma, MMA_ITEMS)(CONV2D_PARAMETERS) { CONV2D(4) }

// For products with too few tiles to fill a device.
KERNEL(conv2d_mma_small, MMA_ITEMS)(CONV2D_PARAMETERS) { CONV2D(1) }
