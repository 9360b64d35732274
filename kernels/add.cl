// add: z = x + y, where y may be one picture for the whole batch. Group 1 counts the repetitions of y.
#include "portable.h"

KERNEL(add, ITEMS)(GLOBAL const store_t* x, GLOBAL const store_t* y, GLOBAL store_t* z, int count)
{
    const long at = ((long)GRP0 * ITEMS + LID) * VW;
    const long start = (long)GRP1 * count + at;
    const int n = (int)(count - at);
    if (n > 0) storev_n(loadv_n(x, start, n) + loadv_n(y, at, n), z, start, n);
}
