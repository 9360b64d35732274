// One step of a sampler without memory, and the network's next input: the definition is Tensors/Ops/DenoiseStep.cs.
#include "portable.h"

#define GROUP 256

// outputs [rows, count], sample [count] in fp32, input [rows, count]; numbers as DenoiseStep.Write orders them;
// largest [groups]: the largest magnitude of the new sample, infinity where it is not finite.
KERNEL(denoise_step, GROUP)(
    GLOBAL const store_t* RESTRICT outputs, GLOBAL float* RESTRICT sample, GLOBAL store_t* RESTRICT input,
    GLOBAL const float* RESTRICT numbers, GLOBAL float* RESTRICT largest, int count, int rows)
{
    LOCAL_VAR float magnitudes[GROUP];
    const int i = GRP0 * GROUP + LID;
    float magnitude = 0.0f;
    if (i < count)
    {
        float output = 0.0f;
        for (int row = 0; row < INNER(rows); row++)
            output = fma1(numbers[7 + row], load1(outputs, (long)row * count + i), output);
        const float clip = numbers[2];
        const float x = sample[i];
        float clean = fma1(numbers[0], x, numbers[1] * output);
        // Not by min and max, which lose NaN.
        clean = clean > clip ? clip : (clean < -clip ? -clip : clean);
        const float next = fma1(numbers[3], clean, fma1(numbers[4], x, numbers[5] * output));
        sample[i] = next;
        for (int row = 0; row < INNER(rows); row++) store1(next * numbers[6], input, (long)row * count + i);
        magnitude = abs1(next);
        magnitude = magnitude <= 3.0e38f ? magnitude : as_float1(0x7f800000);
    }
    magnitudes[LID] = magnitude;
    BARRIER();
    for (int d = GROUP / 2; d > 0; d >>= 1)
    {
        if (LID < d) magnitudes[LID] = max1(magnitudes[LID], magnitudes[LID + d]);
        BARRIER();
    }
    if (LID == 0) largest[GRP0] = magnitudes[0];
}
