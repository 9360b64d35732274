// product_rows.h: what the matrix products on tensor cores share: their rows, the copies of a step of inputs into
// on-chip memory, and the end. A group has a tile of rows by panels of 64 columns; panels are as in product.h.
#include "mma.h"
#include "product_end.h"
#ifndef PRODUCT_ROWS_H
#define PRODUCT_ROWS_H
#define ACROSS (PANEL / 8)

// Results pass through on-chip memory 16 rows at a time; rows are padded so that a warp's writes meet all banks.
#define STAGING_ROW 72
#define STAGING_BYTES (16 * STAGING_ROW * 4)
#define AHEAD 4

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

// Where the copies of an item are: a place among the inputs, and for each of its rows the origin (y << 16) + x of the
// first tap, its picture, and where it reads at this tap (-1 for zeros).
#define MOST_COPIES 8
struct product_place
{
    int tap, second, c0;
    int origin[MOST_COPIES], picture[MOST_COPIES], position[MOST_COPIES];
};

// 16 bytes are a column of 8 inputs; columns change places from row to row, so that eight rows of one column, which are
// read together, lie in all banks. Rows of 128 bytes are what the hardware calls a swizzle of 128 bytes.
FN int row_at(int row, int column, const int step)
{
    return step == 32 ? row * 64 + ((column ^ (row / 2)) & 3) * 16 : row * 128 + ((column ^ row) & 7) * 16;
}

FN int panel_at(int k, int column) { return k * PANEL * 2 + ((column ^ k) & 7) * 16; }

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

// Steps of a tap, which has the inputs of both sources one after the other; `first` are the first source's.
FN int steps_of_tap(const struct product_rows* in, const int step, int* first)
{
    *first = (in->channels1 + step - 1) / step;
    return *first + (in->channels2 + step - 1) / step;
}

// The steps of a split: from *first on.
FN int step_count(const struct product_rows* in, const int step, int split, int splits, int* first)
{
    int first_source;
    const int all = in->kernel_height * in->kernel_width * steps_of_tap(in, step, &first_source);
    *first = split * all / splits;
    return (split + 1) * all / splits - *first;
}

// Prepares the copies of item `item` of `items` from step `first` on: rows row0 + item / (step / 8) and so on.
FN void start_copies(
    struct product_place* at, const struct product_rows* in, int row0, int first, int item, const int items,
    const int copies, const int step)
{
    const int picture_rows = in->result_height * in->result_width;
    int first_source;
    const int of_a_tap = steps_of_tap(in, step, &first_source);
    at->tap = first / of_a_tap;
    at->second = first % of_a_tap >= first_source;
    at->c0 = (first % of_a_tap - (at->second ? first_source : 0)) * step;
    UNROLL_MMA
    for (int i = 0; i < INNER(copies); i++)
    {
        const int row = row0 + item / (step / 8) + i * (items * 8 / step);
        at->origin[i] = at->picture[i] = 0;
        if (in->pictures)
        {
            const int y = row % picture_rows / in->result_width * in->stride - in->pad_top;
            const int x = row % in->result_width * in->stride - in->pad_left;
            at->origin[i] = (int)((uint)y << 16) | (x & 0xFFFF);
            at->picture[i] = row / picture_rows;
        }
        at->position[i] = row_position(in, row, at->origin[i], at->picture[i], at->tap);
    }
}

// The row of a panel where the step's inputs start.
FN long panel_row(const struct product_place* at, const struct product_rows* in, int panel)
{
    const long channels = in->channels1 + in->channels2, taps = in->kernel_height * in->kernel_width;
    return (panel * taps + at->tap) * channels + (at->second ? in->channels1 : 0) + at->c0;
}

// Starts the copies of a step of the rows.
FN void copy_rows(
    shared_t rows, const struct product_place* at, const struct product_rows* in, int item, const int items,
    const int copies, const int step)
{
    GLOBAL const store_t* from = at->second ? in->second : in->x;
    const int aligned = in->channels1 % 8 == 0 && in->channels2 % 8 == 0;
    const int count = at->second ? in->channels2 : in->channels1;
    const int column = item % (step / 8), c = at->c0 + column * 8;
    UNROLL_MMA
    for (int i = 0; i < INNER(copies); i++)
    {
        const int row = item / (step / 8) + i * (items * 8 / step), valid = at->position[i] >= 0 && c < count;
        const long source = valid ? (long)at->position[i] * count + c : 0;
        if (aligned) copy16(rows + row_at(row, column, step), from + source, valid);
        else put16(rows + row_at(row, column, step), gather8(from, source, valid ? count - c : 0));
    }
}

// Starts the copies of a step of `count` panels, of which panel0 is the first and `panels` there are.
FN void copy_panels(
    shared_t tiles, const struct product_place* at, const struct product_rows* in, GLOBAL const store_t* matrix,
    int panel0, int panels, int item, const int items, const int count, const int step)
{
    const int each = step * 8 / items, left = (at->second ? in->channels2 : in->channels1) - at->c0;
    UNROLL_MMA
    for (int i = 0; i < INNER(count * each); i++)
    {
        const int panel = i / each, k = item / 8 + i % each * (items / 8), valid = panel0 + panel < panels && k < left;
        const long source = valid ? (panel_row(at, in, panel0 + panel) + k) * PANEL + item % 8 * 8 : 0;
        copy16(tiles + panel * step * PANEL * 2 + panel_at(k, item % 8), matrix + source, valid);
    }
}

// Goes on to the next step.
FN void next_step(
    struct product_place* at, const struct product_rows* in, int row0, int item, const int items, const int copies,
    const int step)
{
    const int count = at->second ? in->channels2 : in->channels1;
    at->c0 += step;
    if (at->c0 >= count)
    {
        at->c0 = 0;
        at->tap += at->second || in->channels2 == 0;
        at->second = !at->second && in->channels2 > 0;
        UNROLL_MMA
        for (int i = 0; i < INNER(copies); i++)
        {
            const int row = row0 + item / (step / 8) + i * (items * 8 / step);
            at->position[i] = row_position(in, row, at->origin[i], at->picture[i], at->tap);
        }
    }
}

// Writes sums[count][ACROSS][4] of each warp: 16 rows of a panel each time, from `row0` and `panel0` on in the given
// steps. `staging` is the warp's own.
FN void write_product(
    const float* sums, const struct product_end* end, int row0, const int row_step, int panel0, const int panel_step,
    const int count, const shared_t staging)
{
    const int lane = LID & 31, geglu = end->activation == ACT_GEGLU, columns = geglu ? PANEL / 2 : PANEL;
    for (int pass = 0; pass < count; pass++)
    {
        // Sums are indexed by constants alone, or they would be in memory from the start.
        UNROLL_MMA
        for (int i = 0; i < count; i++)
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
        const int panel = panel0 + pass * panel_step;
        // A lane has one vector of columns of every second row (GEGLU: of every fourth). What it adds is read for
        // AHEAD rows at once, or every row would wait for memory.
        const int column = lane % (columns / VW) * VW, n = panel * columns + column, left = end->outputs - n;
        const int rows_at_once = 32 / (columns / VW);
        GLOBAL const float* bias = end->bias + panel * PANEL + column;
        floatv sum_bias = (floatv)(0.0f), gate_bias = (floatv)(0.0f);
        if (left > 0)
        {
            sum_bias = loadv_f(bias, 0);
            if (geglu) gate_bias = loadv_f(bias, PANEL / 2);
        }
        for (int first = lane / (columns / VW); first < INNER(16); first += AHEAD * rows_at_once)
        {
            floatv more[AHEAD];
            UNROLL_MMA
            for (int i = 0; i < INNER(AHEAD); i++)
            {
                const int row = row0 + pass * row_step + first + i * rows_at_once;
                more[i] = sum_bias;
                if (row < end->rows && left > 0 && !geglu) more[i] += more_of(end, row, n, left);
            }
            UNROLL_MMA
            for (int i = 0; i < INNER(AHEAD); i++)
            {
                const int staged = first + i * rows_at_once, row = row0 + pass * row_step + staged;
                if (row < end->rows && left > 0)
                {
                    const shared_t from = staging + (staged * STAGING_ROW + column) * 4;
                    floatv v = get_vector(from) + more[i];
                    if (geglu) v *= activatev(get_vector(from + PANEL / 2 * 4) + gate_bias, ACT_GELU);
                    else v = activatev(v, end->activation);
                    storev_n(v, end->y, (long)row * end->outputs + n, left);
                }
            }
        }
        SYNC_WARP();
    }
}

// What write_product is for one of several splits: the sums go to memory as they are, from registers; a warp's pairs
// fill whole sectors.
FN void write_split(
    const float* sums, const struct product_end* end, int split, int panels, int row0, const int row_step, int panel0,
    const int panel_step, const int count)
{
    const int lane = LID & 31, width = panels * PANEL;
    UNROLL_MMA
    for (int i = 0; i < INNER(count * 2); i++)
    {
        const int row = row0 + i / 2 * row_step + lane / 4 + i % 2 * 8, panel = panel0 + i / 2 * panel_step;
        if (row < end->rows && panel < panels)
        {
            GLOBAL float* to = end->partial + (long)(split * end->rows + row) * width + panel * PANEL + (lane & 3) * 2;
            UNROLL_MMA
            for (int j = 0; j < INNER(ACROSS); j++)
            {
                const float* sum = sums + (i / 2 * ACROSS + j) * 4 + i % 2 * 2;
                store_pair(sum[0], sum[1], to + j * 8);
            }
        }
    }
}

// write_product, or write_split where there are several splits.
FN void write_sums(
    const float* sums, const struct product_end* end, int split, int panels, int row0, const int row_step, int panel0,
    const int panel_step, const int count, const shared_t staging)
{
    if (end->partial) write_split(sums, end, split, panels, row0, row_step, panel0, panel_step, count);
    else write_product(sums, end, row0, row_step, panel0, panel_step, count, staging);
}
#endif
