// wgmma_emul.h: the products of wgmma_sm90a.h for any OpenCL device. Matrices are found through the same descriptors,
// with swizzle, so that addresses and distances are tested. Barriers between warps are not emulated: a group's items
// run one after the other, and would wait for ever.
#ifndef WGMMA_EMUL_H
#define WGMMA_EMUL_H
#if !defined(__CUDA__)
FN void expect_boxes(int item, shared_t barrier, const int bytes) { }

// All 128 copiers copy; the swizzle is the copy engine's: bits 4 to 6 of an address are changed by bits 7 to 9.
FN void copy_box(
    int item, shared_t to, GLOBAL const void* map, GLOBAL const store_t* matrix, long row, long rows, shared_t barrier)
{
    for (int i = 0; i < INNER(4); i++)
    {
        const int k = item / 8 + i * 16, at = k * 128 + item % 8 * 16, valid = row + k < rows;
        copy16(to + (at ^ (at >> 7 & 7) << 4), matrix + (valid ? (row + k) * 64 + item % 8 * 8 : 0), valid);
    }
}

// As for PTX, with addresses counted from the start of the kernel's on-chip memory.
FN ulong descriptor(uint at, const int leading, const int stride)
{ return (at & 0x3FFFF) >> 4 | (ulong)(leading >> 4) << 16 | (ulong)(stride >> 4) << 32 | 1ul << 62; }

#define matrix_at(at, leading, stride) descriptor((uint)((at) - shared), leading, stride)

// The element that is `minor` from the start along the 64 that are 128 bytes, and `major` across them.
FN float matrix_value(ulong matrix, int minor, int major, shared_t base)
{
    const uint start = (uint)(matrix & 0x3FFF) << 4, leading = (uint)(matrix >> 16 & 0x3FFF) << 4;
    const uint stride = (uint)(matrix >> 32 & 0x3FFF) << 4;
    uint at = start + minor / 64 * leading + minor % 64 * 2 + major / 8 * stride + major % 8 * 128;
    at ^= (at >> 7 & 7) << 4;
    return fragment_value(*(LOCAL const ushort*)(base + at), 0);
}

// Room for a warp group's operands as rows of 16 values.
#define GROUP_EXCHANGE_BYTES(wide) ((64 + (wide) * 64) * 16 * 4)

// Rows of a lie along the inputs; rows of b, the inputs, along the columns. A lane's sums are as mma's: its warp has 16
// rows, and groups of 8 columns follow each other.
FN void multiply_group(float* d, ulong a, ulong b, const int wide, shared_t base, shared_t exchange)
{
    const int item = LID % 128, g = (LID & 31) / 4, q = LID & 3;
    LOCAL float* rows = (LOCAL float*)(exchange + LID / 128 * GROUP_EXCHANGE_BYTES(wide));
    LOCAL float* columns = rows + 64 * 16;
    for (int i = item; i < INNER(64 * 16); i += 128) rows[i] = matrix_value(a, i % 16, i / 16, base);
    for (int i = item; i < INNER(wide * 64 * 16); i += 128) columns[i] = matrix_value(b, i / 16, i % 16, base);
    BARRIER();
    for (int i = 0; i < INNER(wide * 32); i++)
    {
        const int row = item / 32 * 16 + g + (i / 2 & 1) * 8, column = i / 4 * 8 + 2 * q + (i & 1);
        d[i] += dot16(rows + row * 16, columns + column * 16);
    }
    BARRIER();
}
#endif
#ifndef GROUP_EXCHANGE_BYTES
#define GROUP_EXCHANGE_BYTES(wide) 0
#endif
#endif
