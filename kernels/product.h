// product.h: the tile of a matrix product that linear and conv2d share. A group computes TILE_M x TILE_N results; an
// item ITEM_M rows and ITEM_V vectors of columns. Matrices come in panels: [outputs / TILE_N][inputs][TILE_N], zeros
// beyond the last output.
#include "activations.h"
#ifndef PRODUCT_H
#define PRODUCT_H
#define TILE_M 64
#define TILE_N 64
#define ITEM_M 4
#if ON_CPU
  #define TILE_K 32
  #define ITEM_V 4
#else
  #define TILE_K 16
  #define ITEM_V 2
#endif
#define ITEMS_X (TILE_N / (VW * ITEM_V))
#define ITEMS_Y (TILE_M / ITEM_M)
#define PRODUCT_ITEMS (ITEMS_X * ITEMS_Y)
#define TILE_ROW (TILE_K + PAD)

// TILE_K inputs of TILE_M rows. rows[] has the position of each row, or -1 for a row of zeros.
FN void fill_rows(
    LOCAL float* tile, LOCAL const int* rows, GLOBAL const store_t* x, int channels, int c0)
{
    UNROLL_GPU
    for (int i = 0; i < INNER(TILE_M * TILE_K / VW / PRODUCT_ITEMS); i++)
    {
        const int at = i * PRODUCT_ITEMS + LID, row = at / (TILE_K / VW), c = at % (TILE_K / VW) * VW;
        floatv v = (floatv)(0.0f);
        if (rows[row] >= 0 && c0 + c < channels)
        {
            v = loadv_n(x, (long)rows[row] * channels + c0 + c, channels - c0 - c);
        }
        storev_local(v, tile + row * TILE_ROW + c);
    }
}

// TILE_K rows of a panel, from `row` on; zeros after the n-th.
FN void fill_matrix(LOCAL floatv* tile, GLOBAL const store_t* panel, long row, int n)
{
    UNROLL_GPU
    for (int i = 0; i < INNER(TILE_K * TILE_N / VW / PRODUCT_ITEMS); i++)
    {
        const int at = i * PRODUCT_ITEMS + LID, k = at / (TILE_N / VW), column = at % (TILE_N / VW);
        tile[at] = k < n ? loadv(panel, (row + k) * TILE_N + column * VW) : (floatv)(0.0f);
    }
}

// sums += rows x matrix; `sums` is a local array of the kernel, so this is no function.
#define MULTIPLY_TILES(sums, tile, matrix) \
    UNROLL_GPU \
    for (int k = 0; k < INNER(TILE_K); k++) \
    { \
        floatv b[ITEM_V]; \
        UNROLL for (int j = 0; j < ITEM_V; j++) b[j] = matrix[k * (TILE_N / VW) + j * ITEMS_X + item_x]; \
        UNROLL for (int i = 0; i < ITEM_M; i++) \
        { \
            const float a = tile[(item_y * ITEM_M + i) * TILE_ROW + k]; \
            UNROLL for (int j = 0; j < ITEM_V; j++) sums[i][j] += a * b[j]; \
        } \
    }

// Indexing by a variable would move the sums from registers to memory during the product: what follows reads a copy.
#define COPY_SUMS(copy, sums) \
    UNROLL for (int i = 0; i < ITEM_M; i++) UNROLL for (int j = 0; j < ITEM_V; j++) copy[i][j] = sums[i][j]
#endif
