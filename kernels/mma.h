// mma.h: tensor cores, or their emulation, and what both need.
#define EMULATED
#include "portable.h"
#include "mma_sm80.h"
#include "mma_emul.h"
#ifndef MMA_H
#define MMA_H
#define MMA_ITEMS 128
#ifndef EXCHANGE_BYTES
#define EXCHANGE_BYTES(down, across, warps) 0
#endif

// Eight values of which n are valid, from any address.
FN uint4 gather8(GLOBAL const store_t* from, long at, int n)
{
    GLOBAL const ushort* bits = (GLOBAL const ushort*)from + at;
    uint pairs[4];
    UNROLL_GPU
    for (int i = 0; i < INNER(4); i++)
    {
        const uint first = 2 * i < n ? bits[2 * i] : 0, second = 2 * i + 1 < n ? bits[2 * i + 1] : 0;
        pairs[i] = first | (second << 16);
    }
    uint4 v;
    v.x = pairs[0];
    v.y = pairs[1];
    v.z = pairs[2];
    v.w = pairs[3];
    return v;
}
#endif
