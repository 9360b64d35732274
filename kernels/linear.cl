// linear: y = activation(x W + bias + residual), and GEGLU, whose panels have 32 values and their 32 gates.
#include "product.h"

KERNEL(linear, PRODUCT_ITEMS)(
    GLOBAL const store_t* x, GLOBAL const store_t* matrix, GLOBAL const float* bias, GLOBAL const store_t* residual,
    GLOBAL store_t* y, int rows, int inputs, int outputs, int activation)
{
    LOCAL_VAR float row_tile[TILE_M * TILE_ROW] __attribute__((aligned(64)));
    LOCAL_VAR floatv matrix_tile[TILE_K * TILE_N / VW];
    LOCAL_VAR int positions[TILE_M];
    const int item_x = LID % ITEMS_X, item_y = LID / ITEMS_X;
    const int row0 = ROW_GRP * TILE_M;
    GLOBAL const store_t* panel = matrix + (long)GRP0 * inputs * TILE_N;
    if (row0 >= rows) return;
    for (int i = LID; i < TILE_M; i += PRODUCT_ITEMS) positions[i] = row0 + i < rows ? row0 + i : -1;
    BARRIER();

    floatv sums[ITEM_M][ITEM_V];
    UNROLL for (int i = 0; i < ITEM_M; i++) UNROLL for (int j = 0; j < ITEM_V; j++) sums[i][j] = (floatv)(0.0f);
    for (int k0 = 0; k0 < inputs; k0 += TILE_K)
    {
        fill_rows(row_tile, positions, x, inputs, k0);
        fill_matrix(matrix_tile, panel, k0, inputs - k0);
        BARRIER();
        MULTIPLY_TILES(sums, row_tile, matrix_tile)
        BARRIER();
    }

    floatv copy[ITEM_M][ITEM_V];
    COPY_SUMS(copy, sums);
    const int geglu = activation == ACT_GEGLU, columns = geglu ? TILE_N / 2 : TILE_N;
    const int vectors = geglu ? ITEM_V / 2 : ITEM_V;
    UNROLL_GPU
    for (int i = 0; i < INNER(ITEM_M); i++)
    {
        const int row = row0 + item_y * ITEM_M + i;
        UNROLL_GPU
        for (int j = 0; j < INNER(ITEM_V); j++)
        {
            const int column = (j * ITEMS_X + item_x) * VW, n = GRP0 * columns + column;
            if (row < rows && j < vectors && n < outputs)
            {
                GLOBAL const float* b = bias + GRP0 * TILE_N + column;
                const long at = (long)row * outputs + n;
                floatv v = copy[i][j] + loadv_f(b, 0);
                if (geglu)
                {
                    v *= activatev(copy[i][(j + ITEM_V / 2) % ITEM_V] + loadv_f(b, TILE_N / 2), ACT_GELU);
                }
                else
                {
                    if (residual) v += loadv_n(residual, at, outputs - n);
                    v = activatev(v, activation);
                }
                storev_n(v, y, at, outputs - n);
            }
        }
    }
}

// linear_row: the same for few rows, where reading the matrix is all the time: a group has one panel and one row, and
// its items share the inputs. There are few groups, so each has many items, and an item reads many rows of the panel
// before it adds any.
#if ON_CPU
#define ROW_ITEMS 4
#define AT_ONCE 1
#elif defined(__CUDA__)
#define ROW_ITEMS 512
#define AT_ONCE 8
#else
#define ROW_ITEMS 256
#define AT_ONCE 8
#endif
#define ROW_VECTORS (TILE_N / VW)
#define SLICES (ROW_ITEMS / ROW_VECTORS)

KERNEL(linear_row, ROW_ITEMS)(
    GLOBAL const store_t* x, GLOBAL const store_t* matrix, GLOBAL const float* bias, GLOBAL const store_t* residual,
    GLOBAL store_t* y, int inputs, int outputs, int activation)
{
    LOCAL_VAR floatv partial[ROW_ITEMS];
    const int vector = LID % ROW_VECTORS, slice = LID / ROW_VECTORS, row = GRP1;
    GLOBAL const store_t* panel = matrix + (long)GRP0 * inputs * TILE_N;
    floatv sum = (floatv)(0.0f);
    for (int first = slice; first < INNER(inputs); first += SLICES * AT_ONCE)
    {
        floatv columns_of[AT_ONCE];
        float input[AT_ONCE];
        UNROLL_GPU
        for (int i = 0; i < INNER(AT_ONCE); i++)
        {
            const int k = first + i * SLICES, there = k < inputs, from = there ? k : slice;
            const float value = load1(x, (long)row * inputs + from);
            columns_of[i] = loadv(panel, (long)from * TILE_N + vector * VW);
            input[i] = there ? value : 0.0f;
        }
        UNROLL_GPU
        for (int i = 0; i < INNER(AT_ONCE); i++) sum += input[i] * columns_of[i];
    }
    partial[LID] = sum;
    BARRIER();
    const int geglu = activation == ACT_GEGLU, columns = geglu ? TILE_N / 2 : TILE_N;
    const int column = LID * VW, n = GRP0 * columns + column;
    if (column < columns && n < outputs)
    {
        floatv v = loadv_f(bias, GRP0 * TILE_N + column);
        for (int s = 0; s < INNER(SLICES); s++) v += partial[s * ROW_VECTORS + LID];
        const long at = (long)row * outputs + n;
        if (geglu)
        {
            floatv gate = loadv_f(bias, GRP0 * TILE_N + TILE_N / 2 + column);
            for (int s = 0; s < INNER(SLICES); s++) gate += partial[s * ROW_VECTORS + ROW_VECTORS / 2 + LID];
            v *= activatev(gate, ACT_GELU);
        }
        else
        {
            if (residual) v += loadv_n(residual, at, outputs - n);
            v = activatev(v, activation);
        }
        storev_n(v, y, at, outputs - n);
    }
}
