// 4: an item keeps 4x4 outputs in registers.
// Four values of x and four of the matrix make 16 multiply-adds: 2 bytes each from on-chip memory in the place of 8; a
// tile is 64x64 now, and 0.125 bytes come from device memory. The bound is on-chip memory, 8 clocks for 16 times 32
// multiply-adds: twice what the arithmetic takes.
#include "portable.h"
#define TILE 64
#define STEP 16
#define EACH 4
#define SIDE (TILE / EACH)
#define ITEMS_OF_GROUP (SIDE * SIDE)
#define LOADS (TILE * STEP / ITEMS_OF_GROUP)

KERNEL(ladder_4, ITEMS_OF_GROUP)(
    GLOBAL const store_t* x, GLOBAL const store_t* matrix, GLOBAL store_t* y, int rows, int inputs, int outputs)
{
    LOCAL_VAR float row_tile[TILE * STEP];
    LOCAL_VAR float matrix_tile[STEP * TILE];
    const int down = LID / SIDE, across = LID % SIDE, row0 = ROW_GRP * TILE;
    GLOBAL const store_t* panel = matrix + (long)GRP0 * inputs * TILE;
    float sums[EACH][EACH] = { { 0.0f } };
    for (int k0 = 0; k0 < inputs; k0 += STEP)
    {
        UNROLL_GPU
        for (int i = 0; i < INNER(LOADS); i++)
        {
            const int at = i * ITEMS_OF_GROUP + LID, row = row0 + at / STEP, c = k0 + at % STEP, k = k0 + at / TILE;
            row_tile[at] = row < rows && c < inputs ? load1(x, (long)row * inputs + c) : 0.0f;
            matrix_tile[at] = k < inputs ? load1(panel, (long)k * TILE + at % TILE) : 0.0f;
        }
        BARRIER();
        UNROLL_GPU
        for (int k = 0; k < INNER(STEP); k++)
        {
            // An item's outputs are SIDE apart: a warp reads values side by side, which lie in different banks.
            float a[EACH], b[EACH];
            UNROLL for (int i = 0; i < EACH; i++) a[i] = row_tile[(i * SIDE + down) * STEP + k];
            UNROLL for (int j = 0; j < EACH; j++) b[j] = matrix_tile[k * TILE + j * SIDE + across];
            UNROLL for (int i = 0; i < EACH; i++) UNROLL for (int j = 0; j < EACH; j++) sums[i][j] += a[i] * b[j];
        }
        BARRIER();
    }
    UNROLL
    for (int i = 0; i < EACH; i++)
    {
        UNROLL
        for (int j = 0; j < EACH; j++)
        {
            const int row = row0 + i * SIDE + down, output = GRP0 * TILE + j * SIDE + across;
            if (row < rows && output < outputs) store1(sums[i][j], y, (long)row * outputs + output);
        }
    }
}
