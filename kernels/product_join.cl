// product_join: the end of a matrix product whose inputs were split among groups: y = activation(sums of all splits +
// bias + channel_bias + residual), always added in the same order. No GEGLU.
#include "product_end.h"
#define JOIN_ITEMS 128
#define AT_ONCE (ON_CPU ? 1 : 4)

KERNEL(product_join, JOIN_ITEMS)(
    GLOBAL const float* partial, GLOBAL const float* bias, GLOBAL const store_t* channel_bias,
    GLOBAL const store_t* residual, GLOBAL store_t* y, int rows, int outputs, int picture_rows, int residual_rows,
    int activation, int panels, int splits)
{
    const struct product_end end =
    {
        .channel_bias = channel_bias, .residual = residual, .outputs = outputs, .picture_rows = picture_rows,
        .residual_rows = residual_rows,
    };
    const int vectors = (outputs + VW - 1) / VW;
    const long item = (long)GRP0 * JOIN_ITEMS + LID;
    const int row = (int)(item / vectors), n = (int)(item % vectors) * VW, left = outputs - n;
    if (row >= rows) return;

    // What is read for the end does not wait for the sums, nor does a split for the one before.
    const long width = (long)panels * PANEL, at = row * width + n;
    const floatv more = loadv_f(bias, n) + more_of(&end, row, n, left);
    floatv sum = (floatv)(0.0f);
    for (int first = 0; first < INNER(splits); first += AT_ONCE)
    {
        floatv part[AT_ONCE];
        UNROLL_GPU
        for (int i = 0; i < INNER(AT_ONCE); i++)
        {
            const int split = first + i;
            part[i] = loadv_f(partial, (split < splits ? split : 0) * rows * width + at);
        }
        UNROLL_GPU
        for (int i = 0; i < INNER(AT_ONCE); i++) sum += first + i < splits ? part[i] : (floatv)(0.0f);
    }
    storev_n(activatev(sum + more, activation), y, (long)row * outputs + n, left);
}
