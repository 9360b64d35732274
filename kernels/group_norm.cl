// group_norm: activation(groupNorm(concat(x, second))) over [batch, positions, channels], in three launches. Lanes side
// by side read channels side by side. Sums are of each channel, relative to a value of that channel, so that a small
// deviation around a large mean keeps its digits in fp32; chunks and channels are joined as in Chan et al. 1979.
#include "activations.h"

// Lanes along the channels, positions side by side, and positions that an item reads before it adds any.
#if ON_CPU
#define LANES 4
#define LINES 4
#define AT_ONCE 1
#else
#define LANES 32
#define LINES 8
#define AT_ONCE 8
#endif
#define GROUP (LANES * LINES)

// Of each channel of a chunk: the value that the sums are relative to, the sum, and the sum of squares.
#define MOMENTS 3

// Of each channel: the value that the mean is relative to, the mean, slope and shift.
#define FACTORS 4

// Where the vector of channels from c on lies in a position: in one of the sources, or (`whole` is 0) partly beyond the
// end, in both, or not aligned.
struct column
{
    GLOBAL const store_t* from;
    int c, stride, whole;
};

FN struct column column_at(
    GLOBAL const store_t* x, GLOBAL const store_t* second, int c, int channels1, int channels2)
{
    const int in_second = c >= channels1;
    struct column at;
    at.from = in_second ? second : x;
    at.c = in_second ? c - channels1 : c;
    at.stride = in_second ? channels2 : channels1;
    at.whole = at.c + VW <= at.stride && ALIGNED(at.c) && ALIGNED(at.stride);
    return at;
}

// The vector of channels from c on, of whichever source has each; zeros beyond the last.
FN floatv values_at(
    GLOBAL const store_t* x, GLOBAL const store_t* second, long position, int c, int channels1, int channels2)
{
    floatv v = (floatv)(0.0f);
    UNROLL_GPU
    for (int e = 0; e < INNER(VW); e++)
    {
        const int channel = c + e;
        if (channel < channels1) ((float*)&v)[e] = load1(x, position * channels1 + channel);
        else if (channel < channels1 + channels2)
        {
            ((float*)&v)[e] = load1(second, position * channels2 + channel - channels1);
        }
    }
    return v;
}

// Neither the least nor the largest of three, so that one outlier does not matter.
FN floatv middle(floatv a, floatv b, floatv c)
{
    floatv m;
    UNROLL_GPU
    for (int e = 0; e < INNER(VW); e++)
    {
        const float p = ((float*)&a)[e], q = ((float*)&b)[e];
        ((float*)&m)[e] = max1(min1(p, q), min1(max1(p, q), ((float*)&c)[e]));
    }
    return m;
}

// Groups are (chunk of positions, LANES vectors of channels, picture).
KERNEL(group_norm_moments, GROUP)(
    GLOBAL const store_t* x, GLOBAL const store_t* second, GLOBAL float* moments, int channels1, int channels2,
    int positions, int chunk)
{
    LOCAL_VAR float scratch[2 * GROUP * VW] __attribute__((aligned(16)));
    const int channels = channels1 + channels2, lane = LID % LANES, line = LID / LANES;
    const int start = GRP0 * chunk, end = start + chunk < positions ? start + chunk : positions;
    const int first = GRP1 * LANES * VW, c = first + lane * VW;
    const long picture = (long)GRP2 * positions;
    floatv pivot = (floatv)(0.0f), sum = (floatv)(0.0f), squares = (floatv)(0.0f);
    if (c < channels)
    {
        const struct column at = column_at(x, second, c, channels1, channels2);
        if (at.whole)
        {
            GLOBAL const store_t* from = at.from + picture * at.stride + at.c;
            pivot = middle(
                loadv(from, 0), loadv(from, (long)(positions / 2) * at.stride),
                loadv(from, (long)(positions - 1) * at.stride));
            for (int p = start + line; p < INNER(end); p += LINES * AT_ONCE)
            {
                // Always read, and left out afterwards, or every one would wait for the one before.
                floatv v[AT_ONCE];
                UNROLL_GPU
                for (int i = 0; i < INNER(AT_ONCE); i++)
                {
                    const int q = p + i * LINES < end ? p + i * LINES : end - 1;
                    v[i] = loadv(from, (long)q * at.stride);
                }
                UNROLL_GPU
                for (int i = 0; i < INNER(AT_ONCE); i++)
                {
                    const floatv d = p + i * LINES < end ? v[i] - pivot : (floatv)(0.0f);
                    sum += d;
                    squares += d * d;
                }
            }
        }
        else
        {
            pivot = middle(
                values_at(x, second, picture, c, channels1, channels2),
                values_at(x, second, picture + positions / 2, c, channels1, channels2),
                values_at(x, second, picture + positions - 1, c, channels1, channels2));
            for (int p = start + line; p < INNER(end); p += LINES)
            {
                const floatv v = values_at(x, second, picture + p, c, channels1, channels2) - pivot;
                sum += v;
                squares += v * v;
            }
        }
    }
    LOCAL float* mine = scratch + LID * 2 * VW;
    UNROLL_GPU
    for (int e = 0; e < INNER(VW); e++)
    {
        mine[e] = ((float*)&sum)[e];
        mine[VW + e] = ((float*)&squares)[e];
    }
    BARRIER();
    GLOBAL float* m = moments + (long)(GRP2 * NGRP0 + GRP0) * MOMENTS * channels;
    if (line == 0)
    {
        UNROLL_GPU
        for (int e = 0; e < INNER(VW); e++)
        {
            if (c + e < channels) m[c + e] = ((float*)&pivot)[e];
        }
    }
    for (int i = LID; i < LANES * VW; i += GROUP)
    {
        float s = 0.0f, q = 0.0f;
        for (int l = 0; l < INNER(LINES); l++)
        {
            LOCAL const float* of = scratch + (l * LANES + i / VW) * 2 * VW + i % VW;
            s += of[0];
            q += of[VW];
        }
        if (first + i < channels)
        {
            m[channels + first + i] = s;
            m[2 * channels + first + i] = q;
        }
    }
}

// From the moments, [picture][FACTORS][channels]. Groups are (group of channels, picture).
KERNEL(group_norm_factors, ITEMS)(
    GLOBAL const float* moments, GLOBAL const float* scale, GLOBAL const float* shift, GLOBAL float* factors,
    int per_group, int chunks, int chunk, int positions, float epsilon)
{
    LOCAL_VAR float scratch[ITEMS];
    const int channels = NGRP0 * per_group, c0 = GRP0 * per_group, entries = chunks * per_group;
    GLOBAL const float* m = moments + (long)GRP1 * chunks * MOMENTS * channels + c0;
    const float pivot = m[0], count = (float)positions * (float)per_group;
    float sum = 0.0f;
    for (int i = LID; i < INNER(entries); i += ITEMS)
    {
        const int k = i / per_group, c = i % per_group;
        const float size = (float)(k * chunk + chunk < positions ? chunk : positions - k * chunk);
        sum += fma1(size, m[c] - pivot, m[(long)(k * MOMENTS + 1) * channels + c]);
    }
    const float mean = group_sum(sum, scratch, ITEMS) / count;
    float squares = 0.0f;
    for (int i = LID; i < INNER(entries); i += ITEMS)
    {
        const int k = i / per_group, c = i % per_group;
        const float size = (float)(k * chunk + chunk < positions ? chunk : positions - k * chunk);
        const float s = m[(long)(k * MOMENTS + 1) * channels + c], d = (m[c] - pivot) + s / size - mean;
        squares += m[(long)(k * MOMENTS + 2) * channels + c] - s * (s / size) + size * d * d;
    }
    const float variance = group_sum(squares, scratch, ITEMS) / count;
    const float factor = 1.0f / sqrt1((variance < 0.0f ? 0.0f : variance) + epsilon);
    GLOBAL float* to = factors + (long)GRP1 * FACTORS * channels + c0;
    for (int c = LID; c < per_group; c += ITEMS)
    {
        to[c] = pivot;
        to[channels + c] = mean;
        to[2 * channels + c] = factor * scale[c0 + c];
        to[3 * channels + c] = shift[c0 + c];
    }
}

// activation((x - pivot - mean) * slope + shift). An item has a vector of channels at BESIDE positions; groups are
// (items, picture). x and y may be the same tensor: every element is read once, by the item that writes it.
#define BESIDE 4
KERNEL(group_norm, ITEMS)(
    GLOBAL const store_t* x, GLOBAL const store_t* second, GLOBAL const float* factors, GLOBAL store_t* y,
    int channels1, int channels2, int positions, int activation)
{
    const int channels = channels1 + channels2, vectors = (channels + VW - 1) / VW;
    const uint item = (uint)GRP0 * ITEMS + (uint)LID;
    const int c = (int)(item % (uint)vectors) * VW, n = channels - c, first = (int)(item / (uint)vectors) * BESIDE;
    if (first >= positions) return;
    GLOBAL const float* f = factors + (long)GRP1 * FACTORS * channels + c;
    floatv pivot, mean, slope, shift;
    UNROLL_GPU
    for (int e = 0; e < INNER(VW); e++)
    {
        const int of = e < n ? e : 0;
        ((float*)&pivot)[e] = f[of];
        ((float*)&mean)[e] = f[channels + of];
        ((float*)&slope)[e] = f[2 * channels + of];
        ((float*)&shift)[e] = f[3 * channels + of];
    }
    const struct column at = column_at(x, second, c, channels1, channels2);
    const long position = (long)GRP1 * positions + first;
    const int count = positions - first < BESIDE ? positions - first : BESIDE;
    floatv v[BESIDE];
    if (at.whole)
    {
        UNROLL_GPU
        for (int i = 0; i < INNER(BESIDE); i++)
        {
            v[i] = loadv(at.from, (position + (i < count ? i : 0)) * at.stride + at.c);
        }
    }
    else
    {
        UNROLL_GPU
        for (int i = 0; i < INNER(BESIDE); i++)
        {
            v[i] = values_at(x, second, position + (i < count ? i : 0), c, channels1, channels2);
        }
    }
    UNROLL_GPU
    for (int i = 0; i < INNER(BESIDE); i++)
    {
        if (i < count)
        {
            storev_n(
                activatev((v[i] - pivot - mean) * slope + shift, activation), y, (position + i) * channels + c, n);
        }
    }
}
