// sigmoid_gate: y = x + value * sigmoid(gate).
#include "portable.h"

KERNEL(sigmoid_gate, ITEMS)(
    GLOBAL const store_t* x, GLOBAL const store_t* value, GLOBAL const store_t* gate, GLOBAL store_t* y, int count)
{
    const long at = ((long)GRP0 * ITEMS + LID) * VW;
    const int n = (int)(count - at);
    if (n > 0)
    {
        const floatv sigmoid = 1.0f / (1.0f + expv(-loadv_n(gate, at, n)));
        storev_n(loadv_n(x, at, n) + loadv_n(value, at, n) * sigmoid, y, at, n);
    }
}
