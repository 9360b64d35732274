// 8: linear_mma.cl, whose copies run two steps ahead of the products.
// On-chip memory holds three stages: one is multiplied while two are under way, and nobody waits for memory but at the
// start. The bound is on-chip memory, 0.094 bytes a multiply-add (0.063 read, 0.031 written), or what all
// multiprocessors together read of the second cache, 0.031. Few tiles are split along the inputs (product_join.cl).
#include "linear_mma.cl"
