// attention_wgmma: attention.cl by warp groups, without mask. Target: sm_90a. ISA: ptx83. Storage: fp16 bf16.
// Heads of up to 64 channels, all strides multiples of 8. Of a group's three warp groups the last copies keys and
// values, and each of the others has 64 queries: their scores, weights and results stay in registers. While the
// products of one block's weights run, those of the next block's scores do, and its weights are made (Shah et al. 2024,
// "FlashAttention-3"). There is no emulation: tests execute the PTX.
#include "attention_rows.h"
#include "wgmma_sm90a.h"
#if defined(__CUDA__)
#define GROUP_ITEMS 384
#define MULTIPLIERS 256
#define COPIERS (GROUP_ITEMS - MULTIPLIERS)
#define QUERIES 128
#define KEYS 128
#define WIDTH 64
#define ROW_BYTES (WIDTH * 2)
#define TILE_BYTES (KEYS * ROW_BYTES)
#define STAGES 4
#define STAGE_BYTES (2 * TILE_BYTES)

// How many blocks' copies are under way before the first of them is reported complete.
#define LAG 1

// Queries come after the stages, barriers after them.
#define QUERIES_AT (STAGES * STAGE_BYTES)
#define BARRIERS_AT (QUERIES_AT + QUERIES * ROW_BYTES)
#define FULL(stage) (shared + BARRIERS_AT + (stage) * 16)
#define EMPTY(stage) (shared + BARRIERS_AT + (stage) * 16 + 8)

// Item `item` of `items` starts its copies of 128 rows of a head; zeros for rows that do not exist, and channels.
FN void copy_head(
    shared_t to, GLOBAL const store_t* from, long first, int stride, int valid, int channels, int item,
    const int items)
{
    const int column = item % 8, c = column * 8;
    _Pragma("unroll 4")
    for (int i = 0; i < INNER(128 * 8 / items); i++)
    {
        const int row = item / 8 + i * (items / 8), inside = row < valid && c < channels;
        copy16(to + tile_at(row, column, WIDTH), from + (inside ? first + (long)row * stride + c : 0), inside);
    }
}

// The copiers go round the stages; one that was used before is waited for.
FN void copy_blocks(const struct attention_operands* in, int head, const shared_t shared)
{
    const int item = LID - MULTIPLIERS, steps = (in->keys + KEYS - 1) / KEYS, channel = head * in->channels;
    int filling = 0, reported = 0, parity = 1;
    for (int step = 0; step < steps + LAG; step++)
    {
        if (step < steps)
        {
            const long row = (long)GRP2 * in->key_rows + step * KEYS;
            const int valid = in->keys - step * KEYS;
            const shared_t stage = shared + filling * STAGE_BYTES;
            wait_phase(EMPTY(filling), parity);
            copy_head(stage, in->k, row * in->k_stride + in->k_offset + channel, in->k_stride, valid, in->channels,
                item, COPIERS);
            copy_head(stage + TILE_BYTES, in->v, row * in->v_stride + in->v_offset + channel, in->v_stride, valid,
                in->channels, item, COPIERS);
            filling = filling + 1 == STAGES ? 0 : filling + 1;
            parity ^= filling == 0;
        }
        copy_commit();
        if (step >= LAG)
        {
            COPY_WAIT(LAG);
            fence_for_products();
            arrive(FULL(reported));
            reported = reported + 1 == STAGES ? 0 : reported + 1;
        }
    }
}

// Starts the scores of a block: 64 queries by its keys.
FN void start_scores(float* score, shared_t queries, shared_t keys)
{
    UNROLL_MMA
    for (int i = 0; i < KEYS / 2; i++) score[i] = 0.0f;
    hold_sums(score, KEYS / 2);
    start_products();
    UNROLL_MMA
    for (int k = 0; k < WIDTH / 16; k++)
    {
        multiply_rows(
            score, matrix_at(queries + k * 32, 16, 8 * ROW_BYTES), matrix_at(keys + k * 32, 16, 8 * ROW_BYTES));
    }
    commit_products();
    hold_sums(score, KEYS / 2);
}

// Scores become weights, relative to the largest score so far; factor[2] is for what was summed relative to the one
// before. Powers of two: the scale is in units of ln 2. Of a lane's two rows the sums are over its own columns.
FN void weigh(
    float* score, float* row_max, float* row_sum, float* factor, float scale, int valid, const shared_t exchange)
{
    if (valid < KEYS)
    {
        // Compared with constants: columns in registers, one a score, would be spilled.
        const int own = valid - (LID & 3) * 2;
        UNROLL_MMA
        for (int i = 0; i < KEYS / 2; i++)
        {
            if (i / 4 * 8 + (i & 1) >= own) score[i] = MASKED;
        }
    }
    UNROLL_MMA
    for (int r = 0; r < 2; r++)
    {
        float largest = row_max[r], sum = 0.0f;
        UNROLL_MMA
        for (int j = 0; j < KEYS / 8; j++)
        {
            const float* s = score + j * 4 + r * 2;
            largest = max1(largest, max1(s[0], s[1]));
        }
        largest = quad_max(largest, exchange);
        const float offset = -largest * scale;
        factor[r] = power_of_two((row_max[r] - largest) * scale);
        row_max[r] = largest;
        UNROLL_MMA
        for (int j = 0; j < KEYS / 8; j++)
        {
            float* s = score + j * 4 + r * 2;
            s[0] = power_of_two(fma1(s[0], scale, offset));
            s[1] = power_of_two(fma1(s[1], scale, offset));
            sum += s[0] + s[1];
        }
        row_sum[r] = fma1(row_sum[r], factor[r], sum);
    }
}

// Starts what a block's weights add to the results.
FN void start_values(float* out, uint* weights, shared_t values)
{
    hold_sums(out, WIDTH / 2);
    hold_bits(weights, KEYS / 4);
    start_products();
    UNROLL_MMA
    for (int k = 0; k < KEYS / 16; k++)
    {
        multiply_registers(out, weights + k * 4, matrix_at(values + k * 16 * ROW_BYTES, 16, 8 * ROW_BYTES));
    }
    commit_products();
    hold_sums(out, WIDTH / 2);
}

// Waits for what was started, makes it relative to the new maximum, and has the next block's weights ready.
FN void finish_values(float* out, uint* weights, const float* score, const float* factor)
{
    WAIT_PRODUCTS(0);
    hold_sums(out, WIDTH / 2);
    hold_bits(weights, KEYS / 4);
    UNROLL_MMA
    for (int i = 0; i < WIDTH / 2; i++) out[i] *= factor[i / 2 % 2];
    UNROLL_MMA
    for (int i = 0; i < KEYS / 4; i++) weights[i] = pack_pair(score[2 * i], score[2 * i + 1]);
}

FN void attend(const struct attention_operands* in, int head, const shared_t shared, const shared_t exchange)
{
    const int steps = (in->keys + KEYS - 1) / KEYS;
    const shared_t queries = shared + QUERIES_AT + LID / 128 * 64 * ROW_BYTES;
    const float scale = in->scale * LOG2_E;
    float score[KEYS / 2], out[WIDTH / 2], row_max[2], row_sum[2], factor[2];
    uint weights[KEYS / 4];
    UNROLL_MMA
    for (int i = 0; i < WIDTH / 2; i++) out[i] = 0.0f;
    UNROLL_MMA
    for (int i = 0; i < KEYS / 4; i++) weights[i] = 0;
    row_max[0] = row_max[1] = MASKED;
    row_sum[0] = row_sum[1] = 0.0f;

    wait_phase(FULL(0), 0);
    start_scores(score, queries, shared);
    WAIT_PRODUCTS(0);
    hold_sums(score, KEYS / 2);
    weigh(score, row_max, row_sum, factor, scale, in->keys, exchange);
    int reading = 0, parity = 0;
    for (int step = 1; step < steps; step++)
    {
        // 1. What was added in the last round is complete, and its stage free. The wait for the next block comes first:
        // ptxas moves that for products to the start of its stretch of code, and here that is behind the weights.
        const int next = reading + 1 == STAGES ? 0 : reading + 1;
        parity ^= next == 0;
        wait_phase(FULL(next), parity);
        finish_values(out, weights, score, factor);
        if (step > 1 && LID % 32 == 0) arrive(EMPTY(reading == 0 ? STAGES - 1 : reading - 1));

        // 2. While a block's values are added, the next one's weights are made.
        start_scores(score, queries, shared + next * STAGE_BYTES);
        start_values(out, weights, shared + reading * STAGE_BYTES + TILE_BYTES);
        WAIT_PRODUCTS(1);
        hold_sums(score, KEYS / 2);
        weigh(score, row_max, row_sum, factor, scale, in->keys - step * KEYS, exchange);
        reading = next;
    }
    finish_values(out, weights, score, factor);
    start_values(out, weights, shared + reading * STAGE_BYTES + TILE_BYTES);
    WAIT_PRODUCTS(0);
    hold_sums(out, WIDTH / 2);

    // Everyone is done with the stages; a warp has its own part of their memory.
    BARRIER();
    const shared_t staging = shared + LID / 32 * STAGING_BYTES(WIDTH);
    stage_rows(out, 1.0f / quad_sum(row_sum[0], exchange), 1.0f / quad_sum(row_sum[1], exchange), staging, WIDTH);
    write_staged(in, GRP0 * QUERIES + LID / 32 * 16, head, staging, WIDTH);
}

KERNEL(attention_wgmma, GROUP_ITEMS)(PARAMETERS)
{
    SHARED(BARRIERS_AT + STAGES * 16, 0);
    const struct attention_operands in = OPERANDS;
    const int head = GRP1, q0 = GRP0 * QUERIES;
    if (LID < STAGES)
    {
        start_barrier(FULL(LID), COPIERS);
        start_barrier(EMPTY(LID), MULTIPLIERS / 32);
        show_barriers();
    }
    if (LID < MULTIPLIERS)
    {
        copy_head(shared + QUERIES_AT, in.q,
            ((long)GRP2 * in.queries + q0) * in.q_stride + in.q_offset + head * in.channels, in.q_stride,
            in.queries - q0, in.channels, LID, MULTIPLIERS);
        copy_commit();
        COPY_WAIT(0);
        fence_for_products();
    }
    BARRIER();
    if (LID >= MULTIPLIERS)
    {
        FEWER_REGISTERS(56);
        copy_blocks(&in, head, shared);
        BARRIER();
    }
    else
    {
        MORE_REGISTERS(224);
        attend(&in, head, shared, exchange);
    }
}
#endif
