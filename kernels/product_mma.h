// product_mma.h: the matrix product that linear_mma and conv2d_mma share, on tensor cores. A group of four warps has a
// tile of results; a warp all 64 columns of a panel and 16 `down` rows. A tile of PRODUCT_ROWS(4) rows has two panels
// and two warps down, one of PRODUCT_ROWS(1) rows has one panel and four warps down. Inputs come in steps of STEP.
#include "mma.h"
#include "activations.h"
#ifndef PRODUCT_MMA_H
#define PRODUCT_MMA_H
#define PANEL 64
#define ACROSS (PANEL / 8)
#define STEP 32
#define STAGES 3
#define PANELS(down) ((down) == 4 ? 2 : 1)
#define PRODUCT_ROWS(down) ((down) == 4 ? 128 : 64)
#define ROW_BYTES (STEP * 2)
#define PANEL_BYTES (STEP * PANEL * 2)
#define STAGE_BYTES(down) (PRODUCT_ROWS(down) * ROW_BYTES + PANELS(down) * PANEL_BYTES)
#define ROW_COPIES(down) (PRODUCT_ROWS(down) * (ROW_BYTES / 16) / MMA_ITEMS)

// Results pass through on-chip memory 16 rows at a time; rows are padded so that a warp's writes meet all banks.
#define STAGING_ROW 72
#define STAGING_BYTES (16 * STAGING_ROW * 4)
#define PRODUCT_SHARED(down) SHARED(STAGES * STAGE_BYTES(down), EXCHANGE_BYTES(down, ACROSS, 4))

// The rows of a product. Of a convolution they are positions of its result, and their inputs are (tap, source,
// channel); of a plain matrix (pictures = 0) only x, channels1 and rows count.
struct product_rows
{
    GLOBAL const store_t* x;
    GLOBAL const store_t* second;
    int pictures, rows, channels1, channels2, height, width, up_height, up_width, result_height, result_width;
    int kernel_height, kernel_width, stride, pad_top, pad_left;
    float ratio_y, ratio_x;
};

// What becomes of the sums: y = activation(sum + bias + channel_bias + residual), or GEGLU.
struct product_end
{
    GLOBAL const float* bias;
    GLOBAL const store_t* channel_bias;
    GLOBAL const store_t* residual;
    GLOBAL store_t* y;
    int rows, outputs, picture_rows, residual_rows, activation;
};

// A place among the inputs.
struct product_step { int tap, second, c0; };

// 16 bytes are a column of 8 inputs; columns change places from row to row, so that eight rows of one column, which
// load_matrices reads together, lie in all banks.
FN int row_at(int row, int column) { return row * ROW_BYTES + ((column ^ (row / 2)) & 3) * 16; }

FN int panel_at(int k, int column) { return k * PANEL * 2 + ((column ^ k) & 7) * 16; }

// Where a row reads at a tap; -1 for zeros. `origin` is (y << 16) + x of the first tap and `picture` its place.
FN int row_position(const struct product_rows* in, int row, int origin, int picture, int tap)
{
    if (!in->pictures || row >= in->rows) return row < in->rows ? row : -1;
    const int iy = (origin >> 16) + tap / in->kernel_width, ix = (int)(short)(origin & 0xFFFF) + tap % in->kernel_width;
    if (iy < 0 || iy >= in->up_height || ix < 0 || ix >= in->up_width) return -1;
    int sy = (int)floor1((float)iy * in->ratio_y), sx = (int)floor1((float)ix * in->ratio_x);
    sy = sy < in->height ? sy : in->height - 1;
    sx = sx < in->width ? sx : in->width - 1;
    return (picture * in->height + sy) * in->width + sx;
}

// sums[down][ACROSS][4] of this lane.
FN void multiply_rows(
    float* sums, const struct product_rows* in, GLOBAL const store_t* matrix, int row0, int panel0, int panels,
    const int down, const shared_t shared, const shared_t exchange)
{
    const int lane_row = LID / 4, column = LID & 3, warp = LID / 32, warps_down = 4 / PANELS(down);
    const int channels = in->channels1 + in->channels2, taps = in->kernel_height * in->kernel_width;
    const int aligned = in->channels1 % 8 == 0 && in->channels2 % 8 == 0;
    const int steps = taps * ((in->channels1 + STEP - 1) / STEP + (in->channels2 + STEP - 1) / STEP);
    const int picture_rows = in->result_height * in->result_width;
    int origin[ROW_COPIES(4)], picture[ROW_COPIES(4)], position[ROW_COPIES(4)];
    UNROLL_MMA
    for (int i = 0; i < ROW_COPIES(down); i++)
    {
        const int row = row0 + lane_row + i * (MMA_ITEMS / 4);
        origin[i] = picture[i] = 0;
        if (in->pictures)
        {
            const int y = row % picture_rows / in->result_width * in->stride - in->pad_top;
            const int x = row % in->result_width * in->stride - in->pad_left;
            origin[i] = (int)((uint)y << 16) | (x & 0xFFFF);
            picture[i] = row / picture_rows;
        }
        position[i] = row_position(in, row, origin[i], picture[i], 0);
    }
    UNROLL_MMA
    for (int i = 0; i < down * ACROSS * 4; i++) sums[i] = 0.0f;

    struct product_step at = { 0, 0, 0 };
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
            const shared_t tiles = rows + PRODUCT_ROWS(down) * ROW_BYTES;
            GLOBAL const store_t* from = at.second ? in->second : in->x;
            const int count = at.second ? in->channels2 : in->channels1, c = at.c0 + column * 8;
            UNROLL_MMA
            for (int i = 0; i < ROW_COPIES(down); i++)
            {
                const int row = lane_row + i * (MMA_ITEMS / 4), valid = position[i] >= 0 && c < count;
                const long source = valid ? (long)position[i] * count + c : 0;
                if (aligned) copy16(rows + row_at(row, column), from + source, valid);
                else put16(rows + row_at(row, column), gather8(from, source, valid ? count - c : 0));
            }
            const long first = (long)at.tap * channels + (at.second ? in->channels1 : 0) + at.c0;
            UNROLL_MMA
            for (int i = 0; i < PANELS(down) * (PANEL_BYTES / 16 / MMA_ITEMS); i++)
            {
                const int panel = i / (PANEL_BYTES / 16 / MMA_ITEMS);
                const int k = LID / 8 + i % (PANEL_BYTES / 16 / MMA_ITEMS) * (MMA_ITEMS / 8);
                const int valid = panel0 + panel < panels && at.c0 + k < count;
                const long source =
                    valid ? ((panel0 + panel) * (long)taps * channels + first + k) * PANEL + LID % 8 * 8 : 0;
                copy16(tiles + panel * PANEL_BYTES + panel_at(k, LID % 8), matrix + source, valid);
            }
            at.c0 += STEP;
            if (at.c0 >= count)
            {
                at.c0 = 0;
                at.tap += at.second || in->channels2 == 0;
                at.second = !at.second && in->channels2 > 0;
                UNROLL_MMA
                for (int i = 0; i < ROW_COPIES(down); i++)
                {
                    const int row = row0 + lane_row + i * (MMA_ITEMS / 4);
                    position[i] = row_position(in, row, origin[i], picture[i], at.tap);
                }
            }
            loaded++;
            filling = filling + 1 == STAGES ? 0 : filling + 1;
        }
        copy_commit();

        // 3. The product.
        if (step >= 0)
        {
            const shared_t rows =
                shared + reading * STAGE_BYTES(down) + warp % warps_down * down * 16 * ROW_BYTES;
            const shared_t tile = shared + reading * STAGE_BYTES(down) + PRODUCT_ROWS(down) * ROW_BYTES
                + warp / warps_down * PANEL_BYTES;
            UNROLL_MMA
            for (int k = 0; k < STEP / 16; k++)
            {
                uint a[4 * 4], b[ACROSS * 2];
                UNROLL_MMA
                for (int i = 0; i < down; i++)
                {
                    LOAD_MATRICES(a + i * 4, rows + row_at(i * 16 + (L & 15), k * 2 + L / 16));
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
}

// Writes what multiply_rows has summed; row0 and panel are the group's first.
FN void write_product(
    const float* sums, const struct product_end* end, int row0, int panel0, const int down, const shared_t shared)
{
    const int lane = LID & 31, warp = LID / 32, warps_down = 4 / PANELS(down);
    const int geglu = end->activation == ACT_GEGLU, columns = geglu ? PANEL / 2 : PANEL;
    const int panel = panel0 + warp / warps_down;
    const shared_t staging = shared + warp * STAGING_BYTES;
    for (int pass = 0; pass < down; pass++)
    {
        // Sums are indexed by constants alone, or they would be in memory from the start.
        UNROLL_MMA
        for (int i = 0; i < down; i++)
        {
            UNROLL_MMA
            for (int j = 0; j < INNER(ACROSS); j++)
            {
                const float* sum = sums + (i * ACROSS + j) * 4;
                const shared_t to = staging + (lane / 4 * STAGING_ROW + j * 8 + (lane & 3) * 2) * 4;
                if (i == pass)
                {
                    put_pair(to, sum[0], sum[1]);
                    put_pair(to + 8 * STAGING_ROW * 4, sum[2], sum[3]);
                }
            }
        }
        SYNC_WARP();
        for (int at = lane; at < INNER(16 * columns / VW); at += 32)
        {
            const int staged = at / (columns / VW), column = at % (columns / VW) * VW;
            const int row = row0 + (warp % warps_down * down + pass) * 16 + staged, n = panel * columns + column;
            if (row < end->rows && n < end->outputs)
            {
                const shared_t from = staging + (staged * STAGING_ROW + column) * 4;
                GLOBAL const float* bias = end->bias + panel * PANEL + column;
                const int left = end->outputs - n;
                floatv v = get_vector(from) + loadv_f(bias, 0);
                if (geglu)
                {
                    v *= activatev(get_vector(from + PANEL / 2 * 4) + loadv_f(bias, PANEL / 2), ACT_GELU);
                }
                else
                {
                    if (end->channel_bias)
                    {
                        v += loadv_n(end->channel_bias, (long)(row / end->picture_rows) * end->outputs + n, left);
                    }
                    if (end->residual)
                    {
                        v += loadv_n(end->residual, (long)(row % end->residual_rows) * end->outputs + n, left);
                    }
                    v = activatev(v, end->activation);
                }
                storev_n(v, end->y, (long)row * end->outputs + n, left);
            }
        }
        SYNC_WARP();
    }
}
#endif
