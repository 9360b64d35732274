// 3: a group shares tiles of 16x16 inputs in on-chip memory.
// A value comes from device memory once for 16 items, 0.5 bytes a multiply-add in the place of 8, for certain and not
// only where the cache still has it. The bound is on-chip memory, 2 clocks for 32 multiply-adds: it is read as often as
// the cache was, 8 bytes a multiply-add.
#include "portable.h"
#define TILE 16
#define PANEL 64

KERNEL(ladder_3, TILE * TILE)(
    GLOBAL const store_t* x, GLOBAL const store_t* matrix, GLOBAL store_t* y, int rows, int inputs, int outputs)
{
    LOCAL_VAR float row_tile[TILE * TILE];
    LOCAL_VAR float matrix_tile[TILE * TILE];
    const int down = LID / TILE, across = LID % TILE;
    const int row = ROW_GRP * TILE + down, output = GRP0 * TILE + across;
    GLOBAL const store_t* panel = matrix + (long)(output / PANEL) * inputs * PANEL + output % PANEL;
    float sum = 0.0f;
    for (int k0 = 0; k0 < inputs; k0 += TILE)
    {
        // An item brings one value of each tile; zeros beyond the last row and the last input change no sum.
        row_tile[LID] = row < rows && k0 + across < inputs ? load1(x, (long)row * inputs + k0 + across) : 0.0f;
        matrix_tile[LID] = k0 + down < inputs ? load1(panel, (long)(k0 + down) * PANEL) : 0.0f;

        // Nobody multiplies before all have brought theirs, nor brings the next before all have multiplied.
        BARRIER();
        UNROLL_GPU
        for (int k = 0; k < INNER(TILE); k++) sum += row_tile[down * TILE + k] * matrix_tile[k * TILE + across];
        BARRIER();
    }
    if (row < rows && output < outputs) store1(sum, y, (long)row * outputs + output);
}
