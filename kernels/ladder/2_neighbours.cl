// 2: neighbouring items read neighbouring addresses.
// Rung 1 with row and output swapped, no more: a warp's values of the matrix are now 16 side by side, one line, and
// those of x are two that all share. The bound is the cache still, 3 clocks for 32 multiply-adds: each of them loads
// its two values itself.
#include "portable.h"
#define TILE 16
#define PANEL 64

KERNEL(ladder_2, TILE * TILE)(
    GLOBAL const store_t* x, GLOBAL const store_t* matrix, GLOBAL store_t* y, int rows, int inputs, int outputs)
{
    const int row = ROW_GRP * TILE + LID / TILE, output = GRP0 * TILE + LID % TILE;
    if (row >= rows || output >= outputs) return;
    GLOBAL const store_t* panel = matrix + (long)(output / PANEL) * inputs * PANEL + output % PANEL;
    float sum = 0.0f;
    for (int k = 0; k < inputs; k++) sum += load1(x, (long)row * inputs + k) * load1(panel, (long)k * PANEL);
    store1(sum, y, (long)row * outputs + output);
}
