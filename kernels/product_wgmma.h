// product_wgmma.h: the matrix product of linear_wgmma and conv2d_wgmma: tiles of 128 rows by two to four panels
// (`wide`). Of a group's three warp groups the last copies (panels by the bulk copy engine), and each of the others has
// 64 rows. They work up to STAGES steps apart: a stage's barrier `full` says that its copies are complete, `empty` that
// its products are.
#include "product_rows.h"
#include "wgmma_sm90a.h"
#include "wgmma_emul.h"
#ifndef PRODUCT_WGMMA_H
#define PRODUCT_WGMMA_H
#define WGMMA_ITEMS 384
#define MULTIPLIERS 256
#define STEP 64

// As many as on-chip memory has room for, of 227 KiB.
#define STAGES(wide) ((wide) == 4 ? 4 : 5)
#define PRODUCT_ROWS 128
#define COPIES (PRODUCT_ROWS * STEP / 8 / 128)
#define PANEL_BYTES (STEP * PANEL * 2)
#define STAGE_BYTES(wide) (PRODUCT_ROWS * STEP * 2 + (wide) * PANEL_BYTES)
#define MOST_WIDE 4
#define GROUP_SUMS(wide) ((wide) * ACROSS * 4)

// How many steps' copies are under way before the first of them is reported complete.
#define LAG 2

// Barriers are the last 1024 bytes.
#define BARRIERS(wide) (STAGES(wide) * STAGE_BYTES(wide))
#define FULL(stage) (shared + BARRIERS(wide) + (stage) * 16)
#define EMPTY(stage) (shared + BARRIERS(wide) + (stage) * 16 + 8)
#define PRODUCT_SHARED(wide) SHARED(BARRIERS(wide) + 1024, 3 * GROUP_EXCHANGE_BYTES(wide))

FN long panel_row_count(const struct product_rows* in, int panels)
{ return (long)panels * in->kernel_height * in->kernel_width * (in->channels1 + in->channels2); }

// One step of a warp group: rows are 8 and 8 apart along the inputs of a step (128 bytes); columns are panels apart,
// inputs 8 and 8. 16 inputs on are 32 bytes along a row, and 16 rows of a panel.
FN void multiply_step(
    float* sums, shared_t stage, const int wide, const shared_t shared, const shared_t exchange)
{
    const shared_t rows = stage + LID / 128 % 2 * 64 * STEP * 2, tiles = stage + PRODUCT_ROWS * STEP * 2;
    UNROLL_MMA
    for (int k = 0; k < STEP / 16; k++)
    {
        multiply_group(
            sums, matrix_at(rows + k * 32, 16, 8 * 128), matrix_at(tiles + k * 16 * 128, PANEL_BYTES, 8 * 128), wide,
            shared, exchange);
    }
}

// A copier's part of a step: all copy rows, the first has the panels copied too. What a panel has beyond a tap's or a
// source's last input is multiplied by zeros; beyond the last panel are zeros.
FN void copy_step(
    shared_t rows, struct product_place* at, const struct product_rows* in, GLOBAL const store_t* matrix,
    GLOBAL const void* map, int row0, int panel0, const int wide, int panels, shared_t full)
{
    const int item = LID - MULTIPLIERS;
    expect_boxes(item, full, wide * PANEL_BYTES);
    UNROLL_MMA
    for (int panel = 0; panel < wide; panel++)
    {
        copy_box(
            item, rows + PRODUCT_ROWS * STEP * 2 + panel * PANEL_BYTES, map, matrix,
            panel_row(at, in, panel0 + panel), panel_row_count(in, panels), full);
    }
    copy_rows(rows, at, in, item, 128, COPIES, STEP);
    next_step(at, in, row0, item, 128, COPIES, STEP);
}

FN void multiply_and_write(
    const struct product_rows* in, GLOBAL const store_t* matrix, GLOBAL const void* map,
    const struct product_end* end, int panels, int splits, const int wide, const shared_t shared,
    const shared_t exchange)
{
    const int across = (panels + wide - 1) / wide, split = GRP0 / across;
    const int row0 = ROW_GRP * PRODUCT_ROWS, panel0 = GRP0 % across * wide, warp = LID / 32;
    if (row0 >= end->rows) return;
    int first;
    const int steps = step_count(in, STEP, split, splits, &first);
    struct product_place at;
    float sums[GROUP_SUMS(MOST_WIDE)];
#if defined(__CUDA__)
    if (LID < STAGES(wide))
    {
        start_barrier(FULL(LID), WGMMA_ITEMS - MULTIPLIERS + 1);
        start_barrier(EMPTY(LID), MULTIPLIERS / 32);
        show_barriers();
    }
    BARRIER();
    if (LID >= MULTIPLIERS)
    {
        if (wide == 4) FEWER_REGISTERS(88);

        // Copies go round the stages; a stage that was used before is waited for. What is complete is reported LAG
        // steps later, so that nobody waits for single copies.
        fence_map(LID - MULTIPLIERS, map);
        start_copies(&at, in, row0, first, LID - MULTIPLIERS, 128, COPIES, STEP);
        int filling = 0, reported = 0, parity = 1;
        for (int step = 0; step < steps + LAG; step++)
        {
            if (step < steps)
            {
                wait_phase(EMPTY(filling), parity);
                copy_step(
                    shared + filling * STAGE_BYTES(wide), &at, in, matrix, map, row0, panel0, wide, panels,
                    FULL(filling));
                filling = filling + 1 == STAGES(wide) ? 0 : filling + 1;
                parity ^= filling == 0;
            }
            copy_commit();
            if (step >= LAG)
            {
                COPY_WAIT(LAG);
                fence_for_products();
                arrive(FULL(reported));
                reported = reported + 1 == STAGES(wide) ? 0 : reported + 1;
            }
        }
        BARRIER();
        return;
    }
    if (wide == 4) MORE_REGISTERS(208);
    UNROLL_MMA
    for (int i = 0; i < GROUP_SUMS(wide); i++) sums[i] = 0.0f;
    int reading = 0, before = 0, parity = 0;
    for (int step = 0; step < steps; step++)
    {
        wait_phase(FULL(reading), parity);
        hold_sums(sums, GROUP_SUMS(wide));
        start_products();
        multiply_step(sums, shared + reading * STAGE_BYTES(wide), wide, shared, exchange);
        commit_products();
        hold_sums(sums, GROUP_SUMS(wide));

        // While these products run, those of the step before are complete, and its stage is free.
        WAIT_PRODUCTS(1);
        if (step > 0 && LID % 32 == 0) arrive(EMPTY(before));
        before = reading;
        reading = reading + 1 == STAGES(wide) ? 0 : reading + 1;
        parity ^= reading == 0;
    }
    WAIT_PRODUCTS(0);
    hold_sums(sums, GROUP_SUMS(wide));
    BARRIER();
#else
    start_copies(&at, in, row0, first, LID % 128, 128, COPIES, STEP);
    for (int i = 0; i < INNER(GROUP_SUMS(wide)); i++) sums[i] = 0.0f;
    for (int step = 0; step < steps; step++)
    {
        const shared_t stage = shared + step % STAGES(wide) * STAGE_BYTES(wide);
        if (LID >= MULTIPLIERS) copy_step(stage, &at, in, matrix, map, row0, panel0, wide, panels, 0);
        BARRIER();
        multiply_step(sums, stage, wide, shared, exchange);
    }
#endif
    // An emulated group's copiers come here too, and have no rows.
    write_sums(
        sums, end, split, panels, LID < MULTIPLIERS ? row0 + warp * 16 : end->rows, 0, panel0, 1, wide,
        shared + warp * STAGING_BYTES);
}
#endif
