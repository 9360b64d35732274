// attention_rows.h: what attention on tensor cores has in common: its operands, and the end of its rows.
#include "mma.h"
#ifndef ATTENTION_ROWS_H
#define ATTENTION_ROWS_H
#define MASKED -1e30f
#define LOG2_E 1.44269504f

// Results pass through on-chip memory 16 rows at a time, padded so that a warp's writes meet all banks.
#define STAGING_ROW(width) ((width) + 8)
#define STAGING_BYTES(width) (16 * STAGING_ROW(width) * 4)

struct attention_operands
{
    GLOBAL const store_t* q;
    GLOBAL const store_t* k;
    GLOBAL const store_t* v;
    GLOBAL store_t* y;
    int q_offset, q_stride, k_offset, k_stride, v_offset, v_stride, queries, key_rows, keys, heads, channels, causal;
    float scale;
};

#define PARAMETERS \
    GLOBAL const store_t* q, GLOBAL const store_t* k, GLOBAL const store_t* v, GLOBAL store_t* y, int q_offset, \
    int q_stride, int k_offset, int k_stride, int v_offset, int v_stride, int queries, int key_rows, int keys, \
    int heads, int channels, float scale, int causal

#define OPERANDS \
    { \
        .q = q, .k = k, .v = v, .y = y, .q_offset = q_offset, .q_stride = q_stride, .k_offset = k_offset, \
        .k_stride = k_stride, .v_offset = v_offset, .v_stride = v_stride, .queries = queries, \
        .key_rows = key_rows, .keys = keys, .heads = heads, .channels = channels, .causal = causal, .scale = scale, \
    }

// 16 bytes are a column of 8 channels; eight rows of one column lie in all banks. Rows of 64 channels are what the
// hardware calls a swizzle of 128 bytes.
FN int tile_at(int row, int column, const int width)
{ return row * width * 2 + ((column & ~7) | ((column ^ row) & 7)) * 16; }

// A lane's two rows of a fragment, `sums[width / 8][4]`, go to its warp's staging.
FN void stage_rows(const float* sums, float first_factor, float second_factor, const shared_t staging, const int width)
{
    const int lane = LID & 31;
    UNROLL_MMA
    for (int j = 0; j < INNER(width / 8); j++)
    {
        const float* sum = sums + j * 4;
        const shared_t to = staging + (lane / 4 * STAGING_ROW(width) + j * 8 + (lane & 3) * 2) * 4;
        put_pair(to, sum[0] * first_factor, sum[1] * first_factor);
        put_pair(to + 8 * STAGING_ROW(width) * 4, sum[2] * second_factor, sum[3] * second_factor);
    }
}

// A warp writes the 16 rows that it has staged.
FN void write_staged(
    const struct attention_operands* in, int row0, int head, const shared_t staging, const int width)
{
    SYNC_WARP();
    for (int at = LID & 31; at < INNER(16 * width / VW); at += 32)
    {
        const int staged = at / (width / VW), c = at % (width / VW) * VW, row = row0 + staged;
        if (row < in->queries && c < in->channels)
        {
            storev_n(get_vector(staging + (staged * STAGING_ROW(width) + c) * 4), in->y,
                (((long)GRP2 * in->queries + row) * in->heads + head) * in->channels + c, in->channels - c);
        }
    }
    SYNC_WARP();
}
#endif
