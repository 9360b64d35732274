// mma_sm80.h: tensor cores of compute capability 8.0 and newer, for PTX. mma_emul.h is the same for OpenCL.
#ifndef MMA_SM80_H
#define MMA_SM80_H
#if defined(__CUDA__)
// A place in on-chip memory.
typedef uint shared_t;

#define SHARED_ADDRESS(p) ((shared_t)(unsigned long)(__attribute__((address_space(3))) void*)(p))

extern "C" { extern LOCAL_VAR __attribute__((aligned(1024))) unsigned char dynamic_shared[]; }

// On-chip memory of a kernel. The host reads the size from the comment. Emulations exchange fragments there.
#define SHARED(bytes, exchange_bytes) \
    __asm__ volatile("// dynamic_shared %0" :: "n"(bytes)); \
    const shared_t shared = SHARED_ADDRESS(dynamic_shared), exchange = 0

#define UNROLL_MMA _Pragma("unroll")
#define SYNC_WARP() __asm__ volatile("bar.warp.sync 0xffffffff;" ::: "memory")

// 16 bytes from device memory, zeros where not valid; complete after COPY_WAIT. `from` is a multiple of 16 bytes.
FN void copy16(shared_t to, GLOBAL const void* from, int valid)
{
    const int bytes = valid ? 16 : 0;
    __asm__ volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" :: "r"(to), "l"(from), "r"(bytes) : "memory");
}

FN void copy_commit(void) { __asm__ volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most n of this item's groups of copies are under way.
#define COPY_WAIT(n) __asm__ volatile("cp.async.wait_group %0;" :: "n"(n) : "memory")

FN void put16(shared_t to, uint4 v)
{
    __asm__ volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};"
        :: "r"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
}

FN void put_pair(shared_t to, float first, float second)
{ __asm__ volatile("st.shared.v2.f32 [%0], {%1, %2};" :: "r"(to), "f"(first), "f"(second) : "memory"); }

FN floatv get_vector(shared_t from)
{
    floatv v;
    __asm__ volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
        : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w) : "r"(from) : "memory");
    return v;
}

FN void load_matrices(uint* r, shared_t from)
{
    __asm__ volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(from) : "memory");
}

FN void load_matrices_transposed(uint* r, shared_t from)
{
    __asm__ volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(from) : "memory");
}

// Four 8x8 matrices, of each of which a lane has two neighbours of a row (transposed: of a column). `from` is an
// expression in L, the lane whose row is read there.
#define LOAD_MATRICES(r, from) do { const int L = LID & 31; load_matrices(r, from); } while (0)
#define LOAD_MATRICES_TRANSPOSED(r, from) do { const int L = LID & 31; load_matrices_transposed(r, from); } while (0)

#if BF16
  #define MMA_TYPES "bf16.bf16"
#else
  #define MMA_TYPES "f16.f16"
#endif

// d += a b: 16x16 by 16x8.
FN void mma(float* d, const uint* a, const uint* b)
{
    __asm__("mma.sync.aligned.m16n8k16.row.col.f32." MMA_TYPES ".f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// sums[i][j] += a[i] b[j] for `down` fragments of 16 rows and `across` of 8 columns.
FN void multiply_fragments(float* sums, const uint* a, const uint* b, int down, int across, shared_t exchange)
{
    UNROLL_MMA
    for (int i = 0; i < down; i++)
    {
        UNROLL_MMA
        for (int j = 0; j < across; j++) mma(sums + (i * across + j) * 4, a + i * 4, b + j * 2);
    }
}

// 2^x to about 2 units in the last place.
FN float power_of_two(float x)
{
    float y;
    __asm__("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

FN float other_lane(float v, int mask)
{
    float w;
    __asm__ volatile("shfl.sync.bfly.b32 %0, %1, %2, 0x1f, 0xffffffff;" : "=f"(w) : "f"(v), "r"(mask));
    return w;
}

// Over the four lanes that share a row of sums.
FN float quad_max(float v, shared_t exchange)
{
    v = max1(v, other_lane(v, 1));
    return max1(v, other_lane(v, 2));
}

FN float quad_sum(float v, shared_t exchange)
{
    v += other_lane(v, 1);
    return v + other_lane(v, 2);
}

// Two values as a fragment has them, rounded to the storage format.
FN uint pack_pair(float first, float second)
{
    uint pair;
#if BF16
    __asm__("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
#else
    __asm__("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
#endif
    return pair;
}
#endif
#endif
