// embed: rows of a table by their numbers.
#include "portable.h"

KERNEL(embed, ITEMS)(
    GLOBAL const int* ids, GLOBAL const store_t* table, GLOBAL store_t* y, int channels, int count)
{
    const int vectors = (channels + VW - 1) / VW, item = GRP0 * ITEMS + LID;
    const int token = item / vectors, c = (item % vectors) * VW;
    if (token < count)
    {
        storev_n(loadv_n(table, (long)ids[token] * channels + c, channels - c), y, (long)token * channels + c,
            channels - c);
    }
}
