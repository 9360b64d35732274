// copy_tokens: rows of a run of channels into another tensor. Group 1 is the batch entry.
#include "portable.h"

KERNEL(copy_tokens, ITEMS)(
    GLOBAL const store_t* source, GLOBAL store_t* destination, int channels, int stride, int offset, int source_tokens,
    int source_start, int destination_tokens, int destination_start, int count)
{
    const int vectors = (channels + VW - 1) / VW, item = GRP0 * ITEMS + LID;
    const int token = item / vectors, c = (item % vectors) * VW;
    if (token < count)
    {
        const long from = ((long)GRP1 * source_tokens + source_start + token) * stride + offset + c;
        const long to = ((long)GRP1 * destination_tokens + destination_start + token) * channels + c;
        storev_n(loadv_n(source, from, channels - c), destination, to, channels - c);
    }
}
