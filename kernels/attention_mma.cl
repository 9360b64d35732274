// attention_mma: attention.cl on tensor cores, heads of up to 128 channels. Target: sm_80. Storage: fp16 bf16.
// A group of four warps has 64 `down` queries of a head, a warp 16 `down` of them; their scores, weights and results
// stay in registers, where the layout of a sum is that of the next product's left operand (Dao 2023,
// "FlashAttention-2").
#include "attention_rows.h"

#define BLOCK_K 64
#define QUERIES(down) (64 * (down))
#define TILE_BYTES(width) (BLOCK_K * (width) * 2)

// `rows` rows of a head, of which `valid` exist; zeros for others and beyond its channels.
FN void load_tile(
    shared_t to, GLOBAL const store_t* from, long first, int stride, int valid, int channels, int aligned,
    const int rows, const int width)
{
    const int column = LID % (width / 8), c = column * 8;
    UNROLL_MMA
    for (int i = 0; i < INNER(rows * width / 8 / MMA_ITEMS); i++)
    {
        const int row = LID / (width / 8) + i * (MMA_ITEMS * 8 / width), inside = row < valid && c < channels;
        const long source = inside ? first + (long)row * stride + c : 0;
        if (aligned) copy16(to + tile_at(row, column, width), from + source, inside);
        else put16(to + tile_at(row, column, width), gather8(from, source, inside ? channels - c : 0));
    }
}

FN void load_keys(const struct attention_operands* in, shared_t stage, int k0, int head, int aligned, const int width)
{
    const long row = (long)GRP2 * in->key_rows + k0;
    const int channel = head * in->channels, valid = in->keys - k0;
    load_tile(stage, in->k, row * in->k_stride + in->k_offset + channel, in->k_stride, valid, in->channels, aligned,
        BLOCK_K, width);
    load_tile(stage + TILE_BYTES(width), in->v, row * in->v_stride + in->v_offset + channel, in->v_stride, valid,
        in->channels, aligned, BLOCK_K, width);
}

FN void attend(
    const struct attention_operands* in, const int width, const int down, const shared_t shared,
    const shared_t exchange)
{
    const int lane = LID & 31, warp = LID / 32, head = GRP1;
    const int q0 = GRP0 * QUERIES(down), warp_row = warp * 16 * down;
    const int last_query = q0 + QUERIES(down) < in->queries ? q0 + QUERIES(down) : in->queries;
    const int end = in->causal ? in->keys - in->queries + last_query : in->keys;
    const int aligned = (in->channels | in->q_offset | in->q_stride | in->k_offset | in->k_stride | in->v_offset
        | in->v_stride) % 8 == 0;

    // The queries pass through the second stage, which is filled again not before the loop.
    load_tile(shared + 2 * TILE_BYTES(width), in->q,
        ((long)GRP2 * in->queries + q0) * in->q_stride + in->q_offset + head * in->channels, in->q_stride,
        in->queries - q0, in->channels, aligned, QUERIES(down), width);
    load_keys(in, shared, 0, head, aligned, width);
    copy_commit();
    COPY_WAIT(0);
    BARRIER();
    uint q[8 * 4];
    UNROLL_MMA
    for (int k = 0; k < width / 16; k++)
    {
        UNROLL_MMA
        for (int i = 0; i < down; i++)
        {
            LOAD_MATRICES(q + (k * down + i) * 4,
                shared + 2 * TILE_BYTES(width) + tile_at(warp_row + i * 16 + (L & 15), k * 2 + L / 16, width));
        }
    }

    // Rows g and g + 8 of each fragment.
    float row_max[2 * 2], row_sum[2 * 2], out[64];
    UNROLL_MMA
    for (int i = 0; i < 2 * down; i++)
    {
        row_max[i] = MASKED;
        row_sum[i] = 0.0f;
    }
    UNROLL_MMA
    for (int i = 0; i < down * width / 2; i++) out[i] = 0.0f;

    const float scale = in->scale * LOG2_E;
    for (int k0 = 0, reading = 0; k0 < end; k0 += BLOCK_K, reading ^= 1)
    {
        COPY_WAIT(0);
        BARRIER();
        if (k0 + BLOCK_K < end)
        {
            load_keys(in, shared + (reading ^ 1) * 2 * TILE_BYTES(width), k0 + BLOCK_K, head, aligned, width);
        }
        copy_commit();
        const shared_t k_tile = shared + reading * 2 * TILE_BYTES(width), v_tile = k_tile + TILE_BYTES(width);

        // 1. Scores; hidden ones are looked for only where there are some.
        float score[2 * 8 * 4];
        UNROLL_MMA
        for (int i = 0; i < down * 8 * 4; i++) score[i] = 0.0f;
        UNROLL_MMA
        for (int k = 0; k < width / 16; k++)
        {
            uint b[8 * 2];
            UNROLL_MMA
            for (int j = 0; j < 4; j++)
            {
                LOAD_MATRICES(b + j * 4,
                    k_tile + tile_at(j * 16 + (L & 7) + L / 16 * 8, k * 2 + (L / 8 & 1), width));
            }
            multiply_fragments(score, q + k * down * 4, b, down, 8, exchange);
        }
        if (in->causal || k0 + BLOCK_K > in->keys)
        {
            UNROLL_MMA
            for (int i = 0; i < INNER(down * 8 * 4); i++)
            {
                const int row = q0 + warp_row + i / 32 * 16 + lane / 4 + (i / 2 & 1) * 8;
                const int key = k0 + i / 4 % 8 * 8 + (lane & 3) * 2 + (i & 1);
                if (key >= (in->causal ? in->keys - in->queries + row + 1 : in->keys)) score[i] = MASKED;
            }
        }

        // 2. The new maximum of each row. max1 passes over NaN, which comes back with the weights. These are powers of
        // two: the scale is in units of ln 2.
        UNROLL_MMA
        for (int r = 0; r < 2 * down; r++)
        {
            float largest = row_max[r];
            UNROLL_MMA
            for (int j = 0; j < INNER(8); j++)
            {
                const float* s = score + (r / 2 * 8 + j) * 4 + r % 2 * 2;
                largest = max1(largest, max1(s[0], s[1]));
            }
            largest = quad_max(largest, exchange);
            const float factor = power_of_two((row_max[r] - largest) * scale), offset = -largest * scale;
            row_max[r] = largest;

            // 3. Weights; what was summed before is relative to the old maximum.
            float sum = 0.0f;
            UNROLL_MMA
            for (int j = 0; j < INNER(8); j++)
            {
                float* s = score + (r / 2 * 8 + j) * 4 + r % 2 * 2;
                s[0] = power_of_two(fma1(s[0], scale, offset));
                s[1] = power_of_two(fma1(s[1], scale, offset));
                sum += s[0] + s[1];
            }
            row_sum[r] = fma1(row_sum[r], factor, sum);
            UNROLL_MMA
            for (int j = 0; j < INNER(width / 8); j++)
            {
                float* o = out + (r / 2 * (width / 8) + j) * 4 + r % 2 * 2;
                o[0] *= factor;
                o[1] *= factor;
            }
        }

        // 4. Weighted values.
        UNROLL_MMA
        for (int k = 0; k < BLOCK_K / 16; k++)
        {
            uint a[2 * 4], b[16 * 2];
            UNROLL_MMA
            for (int i = 0; i < INNER(down * 4); i++)
            {
                const float* s = score + (i / 4 * 8 + 2 * k + i / 2 % 2) * 4 + i % 2 * 2;
                a[i] = pack_pair(s[0], s[1]);
            }
            UNROLL_MMA
            for (int j = 0; j < width / 16; j++)
            {
                LOAD_MATRICES_TRANSPOSED(b + j * 4, v_tile + tile_at(k * 16 + (L & 15), j * 2 + L / 16, width));
            }
            multiply_fragments(out, a, b, down, width / 8, exchange);
        }
    }

    // Everyone is done with the tiles; a warp has its own part of their memory.
    COPY_WAIT(0);
    BARRIER();
    const shared_t staging = shared + warp * STAGING_BYTES(width);
    UNROLL_MMA
    for (int r = 0; r < 2 * down; r++) row_sum[r] = 1.0f / quad_sum(row_sum[r], exchange);
    for (int pass = 0; pass < down; pass++)
    {
        UNROLL_MMA
        for (int i = 0; i < down; i++)
        {
            if (i == pass)
            {
                stage_rows(out + i * (width / 2), row_sum[2 * i], row_sum[2 * i + 1], staging, width);
            }
        }
        write_staged(in, q0 + warp_row + pass * 16, head, staging, width);
    }
}

#define ATTENTION(width, down) \
    SHARED(4 * TILE_BYTES(width), EXCHANGE_BYTES(down, (width) / 8, 4)); \
    struct attention_operands in = OPERANDS; \
    attend(&in, width, down, shared, exchange);

KERNEL(attention_mma, MMA_ITEMS)(PARAMETERS) { ATTENTION(64, 2) }

// For heads of 65 to 128 channels.
KERNEL(attention_mma_wide, MMA_ITEMS)(PARAMETERS) { ATTENTION(128, 1) }
