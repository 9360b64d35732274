// activate: y = activation(x). An item has a vector of elements.
#include "activations.h"

KERNEL(activate, ITEMS)(GLOBAL const store_t* x, GLOBAL store_t* y, int count, int activation)
{
    const long at = ((long)GRP0 * ITEMS + LID) * VW;
    const int n = (int)(count - at);
    if (n > 0) storev_n(activatev(loadv_n(x, at, n), activation), y, at, n);
}
