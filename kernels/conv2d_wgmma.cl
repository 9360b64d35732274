// conv2d_wgmma: conv2d.cl on warp groups' tensor cores. Target: sm_90a. ISA: ptx83. Storage: fp16 bf16.
#include "product_wgmma.h"
#include "conv2d_parameters.h"

#define CONV2D(wide) \
    PRODUCT_SHARED(wide); \
    CONV2D_PRODUCT \
    multiply_and_write(&in, matrix, map, &end, panels, splits, wide, shared, exchange);

KERNEL(conv2d_wgmma, WGMMA_ITEMS)(CONV2D_PARAMETERS) { CONV2D(2) }

// Less traffic for a result each, and fewer tiles.
KERNEL(conv2d_wgmma_wide, WGMMA_ITEMS)(CONV2D_PARAMETERS) { CONV2D(3) }

KERNEL(conv2d_wgmma_widest, WGMMA_ITEMS)(CONV2D_PARAMETERS) { CONV2D(4) }
