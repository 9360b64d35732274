// vector_quantize: for every row the code with the largest cosine, the first of equals, and by how much it beats the
// second. One group a row; an item has every GROUP-th code.
#include "portable.h"

#if ON_CPU
#define GROUP 16
#else
#define GROUP 128
#endif

KERNEL(vector_quantize, GROUP)(
    GLOBAL const store_t* x, GLOBAL const float* codes, GLOBAL int* indices, GLOBAL float* margins, int channels,
    int entries)
{
    LOCAL_VAR float scratch[GROUP];
    LOCAL_VAR float bests[GROUP];
    LOCAL_VAR float seconds[GROUP];
    LOCAL_VAR int numbers[GROUP];
    const long row = (long)GRP0 * channels;
    float squares = 0.0f;
    for (int c = LID; c < channels; c += GROUP)
    {
        const float v = load1(x, row + c);
        squares = fma1(v, v, squares);
    }
    // The floor of torch.nn.functional.normalize.
    const float norm = max1(sqrt1(group_sum(squares, scratch, GROUP)), 1e-12f);

    float best = -3.0e38f, second = -3.0e38f;
    int number = 0;
    for (int entry = LID; entry < entries; entry += GROUP)
    {
        GLOBAL const float* code = codes + (long)entry * channels;
        float cosine = 0.0f;
        for (int c = 0; c < INNER(channels); c++) cosine = fma1(load1(x, row + c) / norm, code[c], cosine);
        if (cosine > best)
        {
            second = best;
            best = cosine;
            number = entry;
        }
        else if (cosine > second) second = cosine;
    }
    bests[LID] = best;
    seconds[LID] = second;
    numbers[LID] = number;
    BARRIER();
    for (int d = GROUP / 2; d > 0; d >>= 1)
    {
        if (LID < d)
        {
            const int l = LID, o = LID + d;
            if (bests[o] > bests[l] || (bests[o] == bests[l] && numbers[o] < numbers[l]))
            {
                seconds[l] = max1(bests[l], seconds[o]);
                bests[l] = bests[o];
                numbers[l] = numbers[o];
            }
            else seconds[l] = max1(seconds[l], bests[o]);
        }
        BARRIER();
    }
    if (LID == 0)
    {
        indices[GRP0] = numbers[0];
        margins[GRP0] = bests[0] - seconds[0];
    }
}
