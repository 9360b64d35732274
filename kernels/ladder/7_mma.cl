// 7: tensor cores multiply, and wait for every load. Target: sm_80. Storage: fp16 bf16.
// One instruction of a warp makes 16x8x16 multiply-adds of 16-bit values, and fragments for 64x64 outputs come from
// on-chip memory by 0.0625 bytes a multiply-add, where rung 6 takes 1.5. The bound is waiting: tensor cores stand still
// from the start of a step's copies until the last has arrived. Tiles are 128x128: 0.031 bytes from device memory.
#include "mma.h"
#define TILE 128
#define PANEL 64
#define PANELS (TILE / PANEL)
#define STEP 32
#define DOWN 4
#define ACROSS 8

// Eight rows of a tile are read at once: 16 bytes more for each, and they lie in all banks.
#define ROW_BYTES (STEP * 2 + 16)
#define INPUT_BYTES (PANEL * 2 + 16)

KERNEL(ladder_7, MMA_ITEMS)(
    GLOBAL const store_t* x, GLOBAL const store_t* matrix, GLOBAL store_t* y, int rows, int inputs, int outputs)
{
    SHARED(TILE * ROW_BYTES + PANELS * STEP * INPUT_BYTES, EXCHANGE_BYTES(DOWN, ACROSS, 4));
    const shared_t tile = shared + TILE * ROW_BYTES;
    const int row0 = ROW_GRP * TILE, panel0 = GRP0 * PANELS, panels = (outputs + PANEL - 1) / PANEL;
    const int warp_row = LID / 32 % 2 * DOWN * 16, warp_panel = LID / 64;
    float sums[DOWN * ACROSS * 4];
    UNROLL_MMA
    for (int i = 0; i < INNER(DOWN * ACROSS * 4); i++) sums[i] = 0.0f;
    for (int k0 = 0; k0 < inputs; k0 += STEP)
    {
        // 1. Loads: 16 bytes are eight values, zeros beyond the last row, input and panel.
        UNROLL_MMA
        for (int i = 0; i < INNER(TILE * STEP / 8 / MMA_ITEMS); i++)
        {
            const int at = i * MMA_ITEMS + LID, row = at / (STEP / 8), column = at % (STEP / 8), c = k0 + column * 8;
            const int valid = row0 + row < rows && c < inputs;
            const long from = valid ? (long)(row0 + row) * inputs + c : 0;
            const shared_t to = shared + row * ROW_BYTES + column * 16;
            if (inputs % 8 == 0) copy16(to, x + from, valid);
            else put16(to, gather8(x, from, valid ? inputs - c : 0));
        }
        UNROLL_MMA
        for (int i = 0; i < INNER(PANELS * STEP * PANEL / 8 / MMA_ITEMS); i++)
        {
            const int at = i * MMA_ITEMS + LID, k = k0 + at / 8 % STEP, panel = panel0 + at / 8 / STEP;
            const int valid = panel < panels && k < inputs;
            const long from = valid ? ((long)panel * inputs + k) * PANEL + at % 8 * 8 : 0;
            copy16(tile + at / 8 * INPUT_BYTES + at % 8 * 16, matrix + from, valid);
        }

        // 2. The wait.
        copy_commit();
        COPY_WAIT(0);
        BARRIER();

        // 3. Products: fragments of 16 rows and of 8 outputs, 16 inputs of each.
        UNROLL_MMA
        for (int k = 0; k < STEP / 16; k++)
        {
            uint a[DOWN * 4], b[ACROSS * 2];
            UNROLL_MMA
            for (int i = 0; i < DOWN; i++)
            {
                LOAD_MATRICES(a + i * 4, shared + (warp_row + i * 16 + (L & 15)) * ROW_BYTES + (k * 2 + L / 16) * 16);
            }
            UNROLL_MMA
            for (int j = 0; j < ACROSS / 2; j++)
            {
                LOAD_MATRICES_TRANSPOSED(
                    b + j * 4, tile + (warp_panel * STEP + k * 16 + (L & 15)) * INPUT_BYTES + (j * 2 + L / 16) * 16);
            }
            multiply_fragments(sums, a, b, DOWN, ACROSS, exchange);
        }
        BARRIER();
    }

    // Of a fragment's sums lane 4 g + q has rows g and g + 8, outputs 2 q and 2 q + 1.
    UNROLL_MMA
    for (int i = 0; i < INNER(DOWN * ACROSS * 4); i += 2)
    {
        const int row = row0 + warp_row + i / (ACROSS * 4) * 16 + (LID & 31) / 4 + (i / 2 & 1) * 8;
        const int output = (panel0 + warp_panel) * PANEL + i / 4 % ACROSS * 8 + (LID & 3) * 2;
        const uint pair = pack_pair(sums[i], sums[i + 1]);
        GLOBAL ushort* to = (GLOBAL ushort*)y + (long)row * outputs + output;
        if (row < rows && output < outputs) to[0] = (ushort)pair;
        if (row < rows && output + 1 < outputs) to[1] = (ushort)(pair >> 16);
    }
}
