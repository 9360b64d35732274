// linear_wgmma: linear.cl on warp groups' tensor cores. Target: sm_90a. ISA: ptx83. Storage: fp16 bf16.
#include "product_wgmma.h"
#include "linear_parameters.h"

KERNEL(linear_wgmma, WGMMA_ITEMS)(LINEAR_PARAMETERS)
{
    PRODUCT_SHARED();
    LINEAR_PRODUCT
    multiply_and_write(&in, matrix, map, &end, panels, splits, shared, exchange);
}
