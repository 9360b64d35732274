// conv2d: y = activation(conv(upsample(concat(x, second))) + bias + channel_bias + residual) as a matrix product whose
// rows are positions of the result and whose inputs are (kernel row, kernel column, channel). Nothing is unrolled into
// memory: for every tap the group looks up where its rows read, and a row outside of the picture is zeros.
#include "product.h"

KERNEL(conv2d, PRODUCT_ITEMS)(
    GLOBAL const store_t* x, GLOBAL const store_t* second, GLOBAL const store_t* matrix, GLOBAL const float* bias,
    GLOBAL const store_t* channel_bias, GLOBAL const store_t* residual, GLOBAL store_t* y, int channels1, int channels2,
    int height, int width, int up_height, int up_width, float ratio_y, float ratio_x, int result_height,
    int result_width, int rows, int outputs, int kernel_height, int kernel_width, int stride, int pad_top, int pad_left,
    int residual_rows, int activation)
{
    LOCAL_VAR float row_tile[TILE_M * TILE_ROW] __attribute__((aligned(64)));
    LOCAL_VAR floatv matrix_tile[TILE_K * TILE_N / VW];
    LOCAL_VAR int positions[TILE_M];
    const int item_x = LID % ITEMS_X, item_y = LID / ITEMS_X;
    const int row0 = ROW_GRP * TILE_M, picture_rows = result_height * result_width;
    const int channels = channels1 + channels2, taps = kernel_height * kernel_width;
    GLOBAL const store_t* panel = matrix + (long)GRP0 * taps * channels * TILE_N;
    if (row0 >= rows) return;

    floatv sums[ITEM_M][ITEM_V];
    UNROLL for (int i = 0; i < ITEM_M; i++) UNROLL for (int j = 0; j < ITEM_V; j++) sums[i][j] = (floatv)(0.0f);
    for (int tap = 0; tap < taps; tap++)
    {
        for (int i = LID; i < TILE_M; i += PRODUCT_ITEMS)
        {
            const int row = row0 + i, picture = row / picture_rows, in_picture = row % picture_rows;
            const int iy = in_picture / result_width * stride + tap / kernel_width - pad_top;
            const int ix = in_picture % result_width * stride + tap % kernel_width - pad_left;
            int position = -1;
            if (row < rows && iy >= 0 && iy < up_height && ix >= 0 && ix < up_width)
            {
                int sy = (int)floor1((float)iy * ratio_y), sx = (int)floor1((float)ix * ratio_x);
                sy = sy < height ? sy : height - 1;
                sx = sx < width ? sx : width - 1;
                position = (picture * height + sy) * width + sx;
            }
            positions[i] = position;
        }
        BARRIER();
        for (int source = 0; source < (channels2 > 0 ? 2 : 1); source++)
        {
            GLOBAL const store_t* from = source == 0 ? x : second;
            const int count = source == 0 ? channels1 : channels2;
            const long matrix_row = (long)tap * channels + (source == 0 ? 0 : channels1);
            for (int c0 = 0; c0 < count; c0 += TILE_K)
            {
                fill_rows(row_tile, positions, from, count, c0);
                fill_matrix(matrix_tile, panel, matrix_row + c0, count - c0);
                BARRIER();
                MULTIPLY_TILES(sums, row_tile, matrix_tile)
                BARRIER();
            }
        }
    }

    floatv copy[ITEM_M][ITEM_V];
    COPY_SUMS(copy, sums);
    UNROLL_GPU
    for (int i = 0; i < INNER(ITEM_M); i++)
    {
        const int row = row0 + item_y * ITEM_M + i;
        UNROLL_GPU
        for (int j = 0; j < INNER(ITEM_V); j++)
        {
            const int n = GRP0 * TILE_N + (j * ITEMS_X + item_x) * VW;
            if (row < rows && n < outputs)
            {
                floatv v = copy[i][j] + loadv_f(bias, n);
                if (channel_bias)
                {
                    v += loadv_n(channel_bias, (long)(row / picture_rows) * outputs + n, outputs - n);
                }
                if (residual) v += loadv_n(residual, (long)(row % residual_rows) * outputs + n, outputs - n);
                storev_n(activatev(v, activation), y, (long)row * outputs + n, outputs - n);
            }
        }
    }
}
