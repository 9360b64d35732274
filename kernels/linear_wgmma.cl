// linear_wgmma: linear.cl on warp groups' tensor cores. Target: sm_90a. ISA: ptx83. Storage: fp16 bf16.
#include "product_wgmma.h"
#include "linear_parameters.h"

#define LINEAR(wide) \
    PRODUCT_SHARED(wide); \
    LINEAR_PRODUCT \
    multiply_and_write(&in, matrix, map, &end, panels, splits, wide, shared, exchange);

KERNEL(linear_wgmma, WGMMA_ITEMS)(LINEAR_PARAMETERS) { LINEAR(2) }

// Less traffic for a result each, and fewer tiles.
KERNEL(linear_wgmma_wide, WGMMA_ITEMS)(LINEAR_PARAMETERS) { LINEAR(3) }

KERNEL(linear_wgmma_widest, WGMMA_ITEMS)(LINEAR_PARAMETERS) { LINEAR(4) }
