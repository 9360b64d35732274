// 6: linear.cl, the kernel of every device without tensor cores.
// An item has 4x8 outputs: 6 clocks of on-chip memory for 32 times 32 multiply-adds, 0.75 of what the arithmetic takes,
// which is the bound at last. What it has beside is not for speed: bias, residual, activation and GEGLU at the end, so
// that nobody reads the result again for them; fewer outputs than 64; vectors of 16 where the device is a processor.
#include "linear.cl"
