// product_mma.h: the matrix product of linear_mma and conv2d_mma. A group of four warps has a tile of results; a warp
// all 64 columns of a panel and 16 `down` rows. A tile of PRODUCT_ROWS(4) rows has two panels and two warps down, one
// of PRODUCT_ROWS(1) rows has one panel and four warps down.
#include "product_rows.h"
#ifndef PRODUCT_MMA_H
#define PRODUCT_MMA_H
#define STEP 32
#define STAGES 3
#define PANELS(down) ((down) == 4 ? 2 : 1)
#define PRODUCT_ROWS(down) ((down) == 4 ? 128 : 64)
#define ROW_BYTES (STEP * 2)
#define PANEL_BYTES (STEP * PANEL * 2)
#define STAGE_BYTES(down) (PRODUCT_ROWS(down) * ROW_BYTES + PANELS(down) * PANEL_BYTES)
#define PRODUCT_SHARED(down) SHARED(STAGES * STAGE_BYTES(down), EXCHANGE_BYTES(down, ACROSS, 4))

FN void multiply_and_write(
    const struct product_rows* in, GLOBAL const store_t* matrix, const struct product_end* end, int panels, int splits,
    const int down, const shared_t shared, const shared_t exchange)
{
    const int across = (panels + PANELS(down) - 1) / PANELS(down), split = GRP0 / across;
    const int row0 = ROW_GRP * PRODUCT_ROWS(down), panel0 = GRP0 % across * PANELS(down);
    if (row0 >= end->rows) return;
    const int warp = LID / 32, warps_down = 4 / PANELS(down);
    const int warp_row = warp % warps_down * down * 16, warp_panel = warp / warps_down;
    const int copies = PRODUCT_ROWS(down) * STEP / 8 / MMA_ITEMS;
    int first;
    const int steps = step_count(in, STEP, split, splits, &first);
    struct product_place at;
    start_copies(&at, in, row0, first, LID, MMA_ITEMS, copies, STEP);
    float sums[4 * ACROSS * 4];
    UNROLL_MMA
    for (int i = 0; i < INNER(down * ACROSS * 4); i++) sums[i] = 0.0f;

    int loaded = 0, filling = 0, reading = 0;
    for (int step = 1 - STAGES; step < steps; step++)
    {
        // 1. What is multiplied now has arrived, and everyone is done with what is overwritten next.
        if (step >= 0)
        {
            COPY_WAIT(STAGES - 2);
            BARRIER();
        }

        // 2. The copies of STAGES - 1 steps ahead.
        if (loaded < steps)
        {
            const shared_t rows = shared + filling * STAGE_BYTES(down);
            copy_rows(rows, &at, in, LID, MMA_ITEMS, copies, STEP);
            copy_panels(
                rows + PRODUCT_ROWS(down) * ROW_BYTES, &at, in, matrix, panel0, panels, LID, MMA_ITEMS, PANELS(down),
                STEP);
            next_step(&at, in, row0, LID, MMA_ITEMS, copies, STEP);
            loaded++;
            filling = filling + 1 == STAGES ? 0 : filling + 1;
        }
        copy_commit();

        // 3. The product.
        if (step >= 0)
        {
            const shared_t rows = shared + reading * STAGE_BYTES(down);
            const shared_t tile = rows + PRODUCT_ROWS(down) * ROW_BYTES + warp_panel * PANEL_BYTES;
            UNROLL_MMA
            for (int k = 0; k < STEP / 16; k++)
            {
                uint a[4 * 4], b[ACROSS * 2];
                UNROLL_MMA
                for (int i = 0; i < down; i++)
                {
                    LOAD_MATRICES(a + i * 4, rows + row_at(warp_row + i * 16 + (L & 15), k * 2 + L / 16, STEP));
                }
                UNROLL_MMA
                for (int j = 0; j < ACROSS / 2; j++)
                {
                    LOAD_MATRICES_TRANSPOSED(b + j * 4, tile + panel_at(k * 16 + (L & 15), j * 2 + L / 16));
                }
                multiply_fragments(sums, a, b, down, ACROSS, exchange);
            }
            reading = reading + 1 == STAGES ? 0 : reading + 1;
        }
    }
    COPY_WAIT(0);
    BARRIER();
    write_sums(
        sums, end, split, panels, row0 + warp_row, 16, panel0 + warp_panel, 0, down, shared + warp * STAGING_BYTES);
}
#endif
