// attention: softmax(scale q kT) v per head, without a matrix of scores in memory (Dao et al. 2022, "FlashAttention";
// the running maximum and sum are Milakov and Gimelshein 2018). A group has BLOCK_Q queries of a head and SLICE of its
// output channels; it goes over the keys in blocks, and computes scores in chunks of channels, so that a head may have
// any width. Scores, softmax and sums are fp32. Groups are (block of queries, head and slice, batch entry).
#include "portable.h"

#define BLOCK_Q 32
#define BLOCK_K 64
#define CHUNK_C 32
#define CHUNK_K 16
#define SLICE 128
#if ON_CPU
  #define ROWS 8
#else
  #define ROWS 4
#endif
#define ITEMS_X (BLOCK_K / VW)
#define ITEMS_Y (BLOCK_Q / ROWS)
#define ATTENTION_ITEMS (ITEMS_X * ITEMS_Y)
#define OUT_V (SLICE / BLOCK_K)
#define Q_ROW (CHUNK_C + PAD)
#define P_ROW (BLOCK_K + PAD)
#define MASKED -1e30f

KERNEL(attention, ATTENTION_ITEMS)(
    GLOBAL const store_t* q, GLOBAL const store_t* k, GLOBAL const store_t* v, GLOBAL store_t* y, int q_offset,
    int q_stride, int k_offset, int k_stride, int v_offset, int v_stride, int queries, int key_rows, int keys,
    int heads, int channels, float scale, int causal)
{
    // CHUNK_C x BLOCK_K keys and CHUNK_K x SLICE values have the same size, and are never needed together.
    LOCAL_VAR floatv shared_tile[CHUNK_C * BLOCK_K / VW];
    LOCAL_VAR float q_tile[BLOCK_Q * Q_ROW] __attribute__((aligned(64)));
    LOCAL_VAR float p_tile[BLOCK_Q * P_ROW] __attribute__((aligned(64)));
    LOCAL_VAR float row_max[BLOCK_Q];
    LOCAL_VAR float row_sum[BLOCK_Q];
    LOCAL_VAR float row_factor[BLOCK_Q];
    LOCAL float* k_tile = (LOCAL float*)shared_tile;
    const int item_x = LID % ITEMS_X, item_y = LID / ITEMS_X;
    const int slices = (channels + SLICE - 1) / SLICE;
    const int head = GRP1 / slices, c_out = GRP1 % slices * SLICE;
    const int out_channels = channels - c_out < SLICE ? channels - c_out : SLICE;
    const int q0 = GRP0 * BLOCK_Q;
    const int last_query = q0 + BLOCK_Q < queries ? q0 + BLOCK_Q : queries;
    const int end = causal ? keys - queries + last_query : keys;
    for (int r = LID; r < BLOCK_Q; r += ATTENTION_ITEMS)
    {
        row_max[r] = MASKED;
        row_sum[r] = 0.0f;
    }

    floatv out[ROWS][OUT_V];
    UNROLL for (int i = 0; i < ROWS; i++) UNROLL for (int j = 0; j < OUT_V; j++) out[i][j] = (floatv)(0.0f);
    for (int k0 = 0; k0 < end; k0 += BLOCK_K)
    {
        // 1. Scores of the block.
        floatv score[ROWS];
        UNROLL for (int i = 0; i < ROWS; i++) score[i] = (floatv)(0.0f);
        for (int c0 = 0; c0 < channels; c0 += CHUNK_C)
        {
            UNROLL_GPU
            for (int i = 0; i < INNER(BLOCK_Q * CHUNK_C / VW / ATTENTION_ITEMS); i++)
            {
                const int at = i * ATTENTION_ITEMS + LID, r = at / (CHUNK_C / VW), c = at % (CHUNK_C / VW) * VW;
                floatv value = (floatv)(0.0f);
                if (q0 + r < queries && c0 + c < channels)
                {
                    value = loadv_n(q, ((long)GRP2 * queries + q0 + r) * q_stride + q_offset + head * channels + c0 + c,
                        channels - c0 - c);
                }
                storev_local(value, q_tile + r * Q_ROW + c);
            }
            UNROLL_GPU
            for (int i = 0; i < INNER(BLOCK_K * CHUNK_C / VW / ATTENTION_ITEMS); i++)
            {
                // Neighbouring items have neighbouring keys, so that the transposed writes meet different banks.
                const int at = i * ATTENTION_ITEMS + LID, r = at % BLOCK_K, c = at / BLOCK_K * VW;
                floatv value = (floatv)(0.0f);
                if (k0 + r < keys && c0 + c < channels)
                {
                    value = loadv_n(k,
                        ((long)GRP2 * key_rows + k0 + r) * k_stride + k_offset + head * channels + c0 + c,
                        channels - c0 - c);
                }
                UNROLL_GPU
                for (int e = 0; e < INNER(VW); e++) k_tile[(c + e) * BLOCK_K + r] = ((float*)&value)[e];
            }
            BARRIER();
            UNROLL_GPU
            for (int c = 0; c < INNER(CHUNK_C); c++)
            {
                const floatv b = shared_tile[c * ITEMS_X + item_x];
                UNROLL for (int i = 0; i < ROWS; i++) score[i] += q_tile[(item_y * ROWS + i) * Q_ROW + c] * b;
            }
            BARRIER();
        }
        UNROLL for (int i = 0; i < ROWS; i++)
        {
            storev_local(score[i] * scale, p_tile + (item_y * ROWS + i) * P_ROW + item_x * VW);
        }
        BARRIER();

        // 2. Masks, and the new maximum of each row. max1 passes over NaN, which comes back with the exponential.
        for (int r = LID; r < BLOCK_Q; r += ATTENTION_ITEMS)
        {
            const int visible = (causal ? keys - queries + q0 + r + 1 : keys) - k0;
            float largest = row_max[r];
            for (int j = 0; j < INNER(BLOCK_K); j++)
            {
                if (j >= visible) p_tile[r * P_ROW + j] = MASKED;
                largest = max1(largest, p_tile[r * P_ROW + j]);
            }
            row_factor[r] = exp1(row_max[r] - largest);
            row_max[r] = largest;
        }
        BARRIER();

        // 3. Weights.
        UNROLL_GPU
        for (int i = 0; i < INNER(BLOCK_Q * BLOCK_K / VW / ATTENTION_ITEMS); i++)
        {
            const int at = i * ATTENTION_ITEMS + LID, r = at / ITEMS_X, j = at % ITEMS_X * VW;
            LOCAL float* p = p_tile + r * P_ROW + j;
            storev_local(expv(loadv_local(p) - row_max[r]), p);
        }
        BARRIER();
        for (int r = LID; r < BLOCK_Q; r += ATTENTION_ITEMS)
        {
            float sum = 0.0f;
            for (int j = 0; j < INNER(BLOCK_K); j++) sum += p_tile[r * P_ROW + j];
            row_sum[r] = fma1(row_sum[r], row_factor[r], sum);
        }

        // 4. Weighted values.
        UNROLL for (int i = 0; i < ROWS; i++)
        {
            const float factor = row_factor[item_y * ROWS + i];
            UNROLL for (int j = 0; j < OUT_V; j++) out[i][j] *= factor;
        }
        for (int k1 = 0; k1 < BLOCK_K && k0 + k1 < end; k1 += CHUNK_K)
        {
            UNROLL_GPU
            for (int i = 0; i < INNER(CHUNK_K * SLICE / VW / ATTENTION_ITEMS); i++)
            {
                const int at = i * ATTENTION_ITEMS + LID, r = at / (SLICE / VW), c = at % (SLICE / VW) * VW;
                floatv value = (floatv)(0.0f);
                if (k0 + k1 + r < keys && c < out_channels)
                {
                    value = loadv_n(v,
                        ((long)GRP2 * key_rows + k0 + k1 + r) * v_stride + v_offset + head * channels + c_out + c,
                        out_channels - c);
                }
                shared_tile[at] = value;
            }
            BARRIER();
            UNROLL for (int j = 0; j < OUT_V; j++)
            {
                if (j * BLOCK_K < out_channels)
                {
                    UNROLL_GPU
                    for (int kk = 0; kk < INNER(CHUNK_K); kk++)
                    {
                        const floatv b = shared_tile[kk * (SLICE / VW) + j * ITEMS_X + item_x];
                        UNROLL for (int i = 0; i < ROWS; i++)
                        {
                            out[i][j] += p_tile[(item_y * ROWS + i) * P_ROW + k1 + kk] * b;
                        }
                    }
                }
            }
            BARRIER();
        }
    }

    // Unrolled, the ends of rows would be compiled once a vector: PoCL took 40 s. Indexing by a variable needs a copy.
    floatv copy[ROWS][OUT_V];
    UNROLL for (int i = 0; i < ROWS; i++) UNROLL for (int j = 0; j < OUT_V; j++) copy[i][j] = out[i][j];
    UNROLL_GPU
    for (int i = 0; i < INNER(ROWS); i++)
    {
        const int r = item_y * ROWS + i;
        const float inverse = 1.0f / row_sum[r];
        UNROLL_GPU
        for (int j = 0; j < INNER(OUT_V); j++)
        {
            const int c = (j * ITEMS_X + item_x) * VW;
            if (q0 + r < queries && c < out_channels)
            {
                storev_n(copy[i][j] * inverse, y,
                    ((long)GRP2 * queries + q0 + r) * heads * channels + head * channels + c_out + c, out_channels - c);
            }
        }
    }
}
