// layer_norm: one group a row. The mean is taken in two steps, a first one and its correction, so that a small
// deviation around a large mean keeps its digits in fp32.
#include "portable.h"

#if ON_CPU
#define GROUP 16
#else
#define GROUP 128
#endif

KERNEL(layer_norm, GROUP)(
    GLOBAL const store_t* x, GLOBAL const float* scale, GLOBAL const float* shift, GLOBAL store_t* y, int channels,
    float epsilon)
{
    LOCAL_VAR float scratch[GROUP];
    const long row = ((long)GRP1 * NGRP0 + GRP0) * channels;
    float sum = 0.0f;
    for (int c = LID; c < channels; c += GROUP) sum += load1(x, row + c);
    const float first = group_sum(sum, scratch, GROUP) / (float)channels;
    sum = 0.0f;
    float squares = 0.0f;
    for (int c = LID; c < channels; c += GROUP)
    {
        const float d = load1(x, row + c) - first;
        sum += d;
        squares = fma1(d, d, squares);
    }
    const float rest = group_sum(sum, scratch, GROUP) / (float)channels;
    const float variance = group_sum(squares, scratch, GROUP) / (float)channels - rest * rest;
    const float factor = 1.0f / sqrt1((variance < 0.0f ? 0.0f : variance) + epsilon);
    for (int c = LID; c < channels; c += GROUP)
    {
        store1(fma1((load1(x, row + c) - first - rest) * factor, scale[c], shift[c]), y, row + c);
    }
}
