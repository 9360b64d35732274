// group_norm: activation(groupNorm(concat(x, second))) over [batch, positions, channels], in two launches. Groups of
// both are (chunk of positions, group of channels, picture). Statistics of a chunk are a first mean, its correction,
// and the sum of squared deviations; they are joined as in Chan et al. 1979, relative to the first chunk's mean, so
// that a small deviation around a large mean keeps its digits in fp32.
#include "activations.h"

#if ON_CPU
#define GROUP 16
#else
#define GROUP 128
#endif
#define MOMENTS 3

// Channel c of a position, of whichever source has it.
FN float value_at(
    GLOBAL const store_t* x, GLOBAL const store_t* second, long position, int c, int channels1, int channels2)
{
    return c < channels1 ? load1(x, position * channels1 + c) : load1(second, position * channels2 + c - channels1);
}

KERNEL(group_norm_moments, GROUP)(
    GLOBAL const store_t* x, GLOBAL const store_t* second, GLOBAL float* moments, int channels1, int channels2,
    int per_group, int positions, int chunk)
{
    LOCAL_VAR float scratch[GROUP];
    const int groups = (channels1 + channels2) / per_group;
    const int start = GRP0 * chunk, end = start + chunk < positions ? start + chunk : positions;
    const long picture = (long)GRP2 * positions;
    const int c0 = GRP1 * per_group;
    const float count = (float)(end - start) * (float)per_group;
    float sum = 0.0f;
    for (int p = start + LID; p < end; p += GROUP)
    {
        for (int c = 0; c < INNER(per_group); c++)
        {
            sum += value_at(x, second, picture + p, c0 + c, channels1, channels2);
        }
    }
    const float first = group_sum(sum, scratch, GROUP) / count;
    float squares = 0.0f;
    sum = 0.0f;
    for (int p = start + LID; p < end; p += GROUP)
    {
        for (int c = 0; c < INNER(per_group); c++)
        {
            const float d = value_at(x, second, picture + p, c0 + c, channels1, channels2) - first;
            sum += d;
            squares = fma1(d, d, squares);
        }
    }
    sum = group_sum(sum, scratch, GROUP);
    squares = group_sum(squares, scratch, GROUP);
    if (LID == 0)
    {
        GLOBAL float* m = moments + ((long)(GRP2 * groups + GRP1) * NGRP0 + GRP0) * MOMENTS;
        m[0] = first;
        m[1] = sum / count;
        m[2] = squares - sum / count * sum;
    }
}

// Of a group of channels: the mean, less the first chunk's first one, and one over the deviation.
typedef struct
{
    float mean;
    float factor;
} Statistics;

FN Statistics join_moments(
    GLOBAL const float* m, int chunks, int chunk, int positions, int per_group, float epsilon)
{
    const float pivot = m[0];
    const float count = (float)positions * (float)per_group;
    float mean = 0.0f;
    for (int i = 0; i < INNER(chunks); i++)
    {
        const int size = i * chunk + chunk < positions ? chunk : positions - i * chunk;
        mean += (float)size * (float)per_group / count * ((m[i * MOMENTS] - pivot) + m[i * MOMENTS + 1]);
    }
    float squares = 0.0f;
    for (int i = 0; i < INNER(chunks); i++)
    {
        const int size = i * chunk + chunk < positions ? chunk : positions - i * chunk;
        const float d = (m[i * MOMENTS] - pivot) + m[i * MOMENTS + 1] - mean;
        squares += m[i * MOMENTS + 2] + (float)size * (float)per_group * d * d;
    }
    const float variance = squares / count;
    Statistics of;
    of.mean = mean;
    of.factor = 1.0f / sqrt1((variance < 0.0f ? 0.0f : variance) + epsilon);
    return of;
}

// x and y may be the same tensor: every element is read once, by the item that writes it.
KERNEL(group_norm, GROUP)(
    GLOBAL const store_t* x, GLOBAL const store_t* second, GLOBAL const float* moments, GLOBAL const float* scale,
    GLOBAL const float* shift, GLOBAL store_t* y, int channels1, int channels2, int per_group, int positions, int chunk,
    float epsilon, int activation)
{
    const int channels = channels1 + channels2, groups = channels / per_group;
    const int start = GRP0 * chunk, end = start + chunk < positions ? start + chunk : positions;
    const int c0 = GRP1 * per_group;
    GLOBAL const float* m = moments + (long)(GRP2 * groups + GRP1) * NGRP0 * MOMENTS;
    const float pivot = m[0];
    const Statistics of = join_moments(m, NGRP0, chunk, positions, per_group, epsilon);
    for (int p = start + LID; p < end; p += GROUP)
    {
        const long position = (long)GRP2 * positions + p;
        for (int c = c0; c < INNER(c0 + per_group); c += VW)
        {
            const int n = c0 + per_group - c;
            floatv v;
            UNROLL_GPU
            for (int e = 0; e < INNER(VW); e++)
            {
                ((float*)&v)[e] = e < n
                    ? fma1((value_at(x, second, position, c + e, channels1, channels2) - pivot - of.mean) * of.factor,
                        scale[c + e], shift[c + e])
                    : 0.0f;
            }
            storev_n(activatev(v, activation), y, position * channels + c, n);
        }
    }
}

// For pictures that are normalised band by band: mean, slope and shift of every channel, [picture][3][channels], from
// the moments. Groups are (group of channels, picture).
KERNEL(group_norm_factors, GROUP)(
    GLOBAL const float* moments, GLOBAL const float* scale, GLOBAL const float* shift, GLOBAL float* factors,
    int per_group, int chunks, int chunk, int positions, float epsilon)
{
    const int groups = NGRP0, channels = groups * per_group;
    GLOBAL const float* m = moments + (long)(GRP1 * groups + GRP0) * chunks * MOMENTS;
    const Statistics of = join_moments(m, chunks, chunk, positions, per_group, epsilon);
    GLOBAL float* to = factors + (long)GRP1 * 3 * channels + GRP0 * per_group;
    for (int c = LID; c < per_group; c += GROUP)
    {
        to[c] = m[0] + of.mean;
        to[channels + c] = of.factor * scale[GRP0 * per_group + c];
        to[2 * channels + c] = shift[GRP0 * per_group + c];
    }
}

// activation((x - mean) * slope + shift). An item has a vector of a position's channels; groups are (items, picture).
KERNEL(group_norm_apply, ITEMS)(
    GLOBAL const store_t* x, GLOBAL const float* factors, GLOBAL store_t* y, int channels, int positions,
    int activation)
{
    const int vectors = (channels + VW - 1) / VW;
    const int item = GRP0 * ITEMS + LID;
    const int p = item / vectors, c = item % vectors * VW, n = channels - c;
    if (p >= positions) return;
    const long at = ((long)GRP1 * positions + p) * channels + c;
    GLOBAL const float* f = factors + (long)GRP1 * 3 * channels + c;
    floatv v = loadv_n(x, at, n);
    UNROLL_GPU
    for (int e = 0; e < INNER(VW); e++)
    {
        if (e < n) ((float*)&v)[e] = fma1(((float*)&v)[e] - f[e], f[channels + e], f[2 * channels + e]);
    }
    storev_n(activatev(v, activation), y, at, n);
}
