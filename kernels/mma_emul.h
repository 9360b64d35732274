// mma_emul.h: mma_sm80.h for any OpenCL device, by way of on-chip memory: slow, it tests the kernels' index arithmetic.
// Copies are done at once, so a missing COPY_WAIT is not found. Every barrier is one of the whole group.
#ifndef MMA_EMUL_H
#define MMA_EMUL_H
#if !defined(__CUDA__)
typedef LOCAL uchar* shared_t;

#define SHARED(bytes, exchange_bytes) \
    LOCAL_VAR uint4 shared_[((bytes) + (exchange_bytes)) / 16] __attribute__((aligned(1024))); \
    const shared_t shared = (shared_t)shared_, exchange = shared + (bytes)

// Unrolled as on a GPU, PoCL would take minutes to compile a kernel.
#define UNROLL_MMA _Pragma("nounroll")
#define SYNC_WARP() BARRIER()
#define COPY_WAIT(n) do { } while (0)

FN void put16(shared_t to, uint4 v) { *(LOCAL uint4*)to = v; }

FN void copy16(shared_t to, GLOBAL const void* from, int valid)
{ put16(to, valid ? *(GLOBAL const uint4*)from : (uint4)(0)); }

FN void copy_commit(void) { }

FN void put_pair(shared_t to, float first, float second)
{
    ((LOCAL float*)to)[0] = first;
    ((LOCAL float*)to)[1] = second;
}

FN floatv get_vector(shared_t from) { return *(LOCAL const floatv*)from; }

FN uint pair_of(LOCAL const uchar* first, LOCAL const uchar* second)
{ return *(LOCAL const ushort*)first | ((uint)*(LOCAL const ushort*)second << 16); }

// Matrix m's row i is where lane 8 m + i says.
#define LOAD_MATRICES(r, from) do { \
    for (int m_ = 0; m_ < INNER(4); m_++) \
    { \
        const int L = m_ * 8 + (LID & 31) / 4; \
        (r)[m_] = *(LOCAL const uint*)((from) + (LID & 3) * 4); \
    } } while (0)
#define LOAD_MATRICES_TRANSPOSED(r, from) do { \
    for (int m_ = 0; m_ < INNER(4); m_++) \
    { \
        LOCAL const uchar* row_[2]; \
        for (int e_ = 0; e_ < INNER(2); e_++) \
        { \
            const int L = m_ * 8 + (LID & 3) * 2 + e_; \
            row_[e_] = (from) + (LID & 31) / 4 * 2; \
        } \
        (r)[m_] = pair_of(row_[0], row_[1]); \
    } } while (0)

#if BF16
  FN float fragment_value(uint pair, int upper) { return as_float(upper ? pair & 0xFFFF0000 : pair << 16); }
  FN uint pack_pair(float first, float second) { return narrow(first) | ((uint)narrow(second) << 16); }
#else
  FN float fragment_value(uint pair, int upper)
  {
      const ushort bits = (ushort)(upper ? pair >> 16 : pair);
      return vload_half(0, (const half*)&bits);
  }
  FN uint pack_pair(float first, float second)
  {
      ushort bits[2];
      vstore_half_rte(first, 0, (half*)bits);
      vstore_half_rte(second, 1, (half*)bits);
      return bits[0] | ((uint)bits[1] << 16);
  }
#endif

FN float power_of_two(float x) { return exp2(x); }

FN float quad_max(float v, shared_t exchange)
{
    LOCAL float* all = (LOCAL float*)exchange;
    all[LID] = v;
    BARRIER();
    LOCAL const float* quad = all + (LID & ~3);
    v = max1(max1(quad[0], quad[1]), max1(quad[2], quad[3]));
    BARRIER();
    return v;
}

FN float quad_sum(float v, shared_t exchange)
{
    LOCAL float* all = (LOCAL float*)exchange;
    all[LID] = v;
    BARRIER();
    LOCAL const float* quad = all + (LID & ~3);
    v = (quad[0] + quad[1]) + (quad[2] + quad[3]);
    BARRIER();
    return v;
}

// Room for a warp's fragments as rows of 16 values.
#define EXCHANGE_BYTES(down, across, warps) (((down) * 16 + (across) * 8) * 16 * 4 * (warps))

FN float dot16(LOCAL const float* row, LOCAL const float* column)
{
    const float16 p = vload16(0, row) * vload16(0, column);
    const float8 p8 = p.lo + p.hi;
    const float4 p4 = p8.lo + p8.hi;
    return (p4.x + p4.y) + (p4.z + p4.w);
}

// Lane 4 g + q has of a: rows g and g + 8, columns 2 q and 2 q + 8 and their neighbours; of b: column g, rows 2 q and
// 2 q + 8 and their neighbours; of the sums: rows g and g + 8, columns 2 q and 2 q + 1.
FN void multiply_fragments(float* sums, const uint* a, const uint* b, int down, int across, shared_t exchange)
{
    const int g = (LID & 31) / 4, q = LID & 3;
    LOCAL float* rows = (LOCAL float*)(exchange + LID / 32 * EXCHANGE_BYTES(down, across, 1));
    LOCAL float* columns = rows + down * 16 * 16;
    for (int i = 0; i < INNER(down); i++)
    {
        for (int e = 0; e < INNER(8); e++)
        {
            const int row = i * 16 + g + (e / 2 & 1) * 8, k = 2 * q + (e & 1) + e / 4 * 8;
            rows[row * 16 + k] = fragment_value(a[i * 4 + e / 2], e & 1);
        }
    }
    for (int j = 0; j < INNER(across); j++)
    {
        for (int e = 0; e < INNER(4); e++)
        {
            columns[(j * 8 + g) * 16 + 2 * q + (e & 1) + e / 2 * 8] = fragment_value(b[j * 2 + e / 2], e & 1);
        }
    }
    BARRIER();
    for (int i = 0; i < INNER(down * across * 4); i++)
    {
        const int row = i / (across * 4) * 16 + g + (i / 2 & 1) * 8;
        const int column = i / 4 % across * 8 + 2 * q + (i & 1);
        sums[i] += dot16(rows + row * 16, columns + column * 16);
    }
    BARRIER();
}
#endif
#endif
