// 5: loads and stores are vectors.
// An item's outputs lie side by side: its four values of the matrix are one load of 16 bytes, and device memory is read
// by a quarter of the instructions. The bound is on-chip memory, 6 clocks for 16 times 32 multiply-adds (4 values of x,
// and 256 bytes of the matrix): 1.5 times what the arithmetic takes.
#include "portable.h"
#define TILE 64
#define STEP 16
#define EACH 4
#define SIDE (TILE / EACH)
#define VECTORS (TILE / VW)
#define ITEMS_OF_GROUP (SIDE * VECTORS)
#define LOADS (TILE * STEP / VW / ITEMS_OF_GROUP)

KERNEL(ladder_5, ITEMS_OF_GROUP)(
    GLOBAL const store_t* x, GLOBAL const store_t* matrix, GLOBAL store_t* y, int rows, int inputs, int outputs)
{
    LOCAL_VAR floatv row_tile[TILE * STEP / VW];
    LOCAL_VAR floatv matrix_tile[STEP * VECTORS];
    const int down = LID / VECTORS, across = LID % VECTORS, row0 = ROW_GRP * TILE;
    GLOBAL const store_t* panel = matrix + (long)GRP0 * inputs * TILE;
    floatv sums[EACH];
    UNROLL for (int i = 0; i < EACH; i++) sums[i] = (floatv)(0.0f);
    for (int k0 = 0; k0 < inputs; k0 += STEP)
    {
        UNROLL_GPU
        for (int i = 0; i < INNER(LOADS); i++)
        {
            const int at = i * ITEMS_OF_GROUP + LID, row = row0 + at / (STEP / VW), c = k0 + at % (STEP / VW) * VW;
            const int k = k0 + at / VECTORS;
            row_tile[at] = row < rows && c < inputs
                ? loadv_n(x, (long)row * inputs + c, inputs - c) : (floatv)(0.0f);
            matrix_tile[at] = k < inputs ? loadv(panel, (long)k * TILE + at % VECTORS * VW) : (floatv)(0.0f);
        }
        BARRIER();
        UNROLL_GPU
        for (int k = 0; k < INNER(STEP); k++)
        {
            const floatv b = matrix_tile[k * VECTORS + across];
            UNROLL
            for (int i = 0; i < EACH; i++) sums[i] += ((LOCAL const float*)row_tile)[(i * SIDE + down) * STEP + k] * b;
        }
        BARRIER();
    }
    const int output = GRP0 * TILE + across * VW;
    UNROLL
    for (int i = 0; i < EACH; i++)
    {
        const int row = row0 + i * SIDE + down;
        if (row < rows && output < outputs) storev_n(sums[i], y, (long)row * outputs + output, outputs - output);
    }
}
