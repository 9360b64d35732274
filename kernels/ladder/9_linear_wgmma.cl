// 9: linear_wgmma.cl, where four warps multiply together, from on-chip memory.
// 64x128 to 64x256 outputs by 16 inputs are one instruction, whose operands pass through no register: 0.047 to 0.039
// bytes a multiply-add are read. A third warp group only copies, and the copy engine takes the matrix from it, so that
// nobody who multiplies does anything else. The bound is the second cache: 0.031 bytes, in the widest tiles 0.023.
#include "linear_wgmma.cl"
