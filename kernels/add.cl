// add: z = x + y, where y may be one picture for the whole batch. Group 1 counts the repetitions of y.
#include "portable.h"

KERNEL(add, ITEMS)(GLOBAL const store_t* x, GLOBAL const store_t* y, GLOBAL store_t* z, int count)
{
    const int at = (GRP0 * ITEMS + LID) * VW;
    const long start = (long)GRP1 * count + at;
    if (at < count) storev_n(loadv_n(x, start, count - at) + loadv_n(y, at, count - at), z, start, count - at);
}
