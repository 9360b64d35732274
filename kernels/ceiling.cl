// What a device can do at most, which kernels are compared with. Always in fp32.
#include "portable.h"

#define CHAINS 6

// Independent multiply-adds in registers: 2 * CHAINS * VW * steps a work-item. The result keeps them alive.
KERNEL(fma_peak, 64)(GLOBAL float* RESTRICT result, int steps, float factor, float summand)
{
    const floatv a = (floatv)(factor), b = (floatv)(summand);
    floatv c0 = b, c1 = b + 1.0f, c2 = b + 2.0f, c3 = b + 3.0f, c4 = b + 4.0f, c5 = b + 5.0f;
    for (int i = 0; i < INNER(steps); i++)
    {
        c0 = c0 * a + b;
        c1 = c1 * a + b;
        c2 = c2 * a + b;
        c3 = c3 * a + b;
        c4 = c4 * a + b;
        c5 = c5 * a + b;
    }
    const floatv sum = c0 + c1 + c2 + c3 + c4 + c5;
    result[GRP0 * 64 + LID] = ((const float*)&sum)[LID & (VW - 1)];
}

// One vector a work-item, from [count] to [count].
KERNEL(copy, ITEMS)(GLOBAL const float* RESTRICT from, GLOBAL float* RESTRICT to, int count)
{
    const long i = ((long)GRP0 * ITEMS + LID) * VW;
    if (i + VW <= count) *(GLOBAL floatv*)(to + i) = *(GLOBAL const floatv*)(from + i);
}
