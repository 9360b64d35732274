// product_end.h: what becomes of the sums of a matrix product on tensor cores.
#include "activations.h"
#ifndef PRODUCT_END_H
#define PRODUCT_END_H
#define PANEL 64

// y = activation(sum + bias + channel_bias + residual), or GEGLU. With several splits of the inputs the sums of each go
// to `partial` instead, [splits][rows][panels * 64], and product_join does the rest.
struct product_end
{
    GLOBAL const float* bias;
    GLOBAL const store_t* channel_bias;
    GLOBAL const store_t* residual;
    GLOBAL store_t* y;
    GLOBAL float* partial;
    int rows, outputs, picture_rows, residual_rows, activation;
};

// What is added to a row's vector at output n beside the bias; `left` outputs are there from n on.
FN floatv more_of(const struct product_end* end, int row, int n, int left)
{
    floatv more = (floatv)(0.0f);
    if (end->channel_bias)
    {
        more += loadv_n(end->channel_bias, (long)(row / end->picture_rows) * end->outputs + n, left);
    }
    if (end->residual) more += loadv_n(end->residual, (long)(row % end->residual_rows) * end->outputs + n, left);
    return more;
}
#endif
