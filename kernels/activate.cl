// activate: y = activation(x). An item has a vector of elements.
#include "activations.h"

KERNEL(activate, ITEMS)(GLOBAL const store_t* x, GLOBAL store_t* y, int count, int activation)
{
    const int at = (GRP0 * ITEMS + LID) * VW;
    if (at < count) storev_n(activatev(loadv_n(x, at, count - at), activation), y, at, count - at);
}
