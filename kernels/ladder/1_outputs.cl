// 1: an item computes one output, and reads all of it from device memory.
// Each multiply-add loads two values, 8 bytes in fp32. Neighbouring items have neighbouring rows, so the 16 values of x
// that a warp of 32 items loads at once lie in 16 lines of the cache, and those of the matrix in one more. The bound is
// 17 clocks of a multiprocessor's cache for 32 multiply-adds, which its arithmetic could do in a quarter of a clock.
#include "portable.h"
#define TILE 16
#define PANEL 64

// y = x w^T. The matrix w comes in panels of 64 outputs, [outputs / 64][inputs][64], zeros beyond the last output, as
// the engine keeps all its weights.
KERNEL(ladder_1, TILE * TILE)(
    GLOBAL const store_t* x, GLOBAL const store_t* matrix, GLOBAL store_t* y, int rows, int inputs, int outputs)
{
    const int row = ROW_GRP * TILE + LID % TILE, output = GRP0 * TILE + LID / TILE;
    if (row >= rows || output >= outputs) return;
    GLOBAL const store_t* panel = matrix + (long)(output / PANEL) * inputs * PANEL + output % PANEL;
    float sum = 0.0f;
    for (int k = 0; k < inputs; k++) sum += load1(x, (long)row * inputs + k) * load1(panel, (long)k * PANEL);
    store1(sum, y, (long)row * outputs + output);
}
