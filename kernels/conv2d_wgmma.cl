// conv2d_wgmma: conv2d.cl on warp groups' tensor cores. Target: sm_90a. ISA: ptx83. Storage: fp16 bf16.
#include "product_wgmma.h"
#include "conv2d_parameters.h"

KERNEL(conv2d_wgmma, WGMMA_ITEMS)(CONV2D_PARAMETERS)
{
    PRODUCT_SHARED();
    CONV2D_PRODUCT
    multiply_and_write(&in, matrix, map, &end, panels, splits, shared, exchange);
}
