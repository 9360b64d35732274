// portable.h: one C dialect, two compilers.
//   OpenCL C 1.2, built at run time by any driver (the host passes -DON_CPU=1 for devices that are processors)
//   clang -x cuda --cuda-device-only, which makes PTX without a CUDA SDK (__CUDA__ is defined)
// Rules: every pointer is GLOBAL or LOCAL; no __local kernel arguments; no OpenCL built-ins outside this file and the
// emulations; local arrays are aligned to 16; FP16=1 and BF16=1 are storage formats only, arithmetic is fp32.
// Local sizes are one-dimensional.
#ifndef PORTABLE_H
#define PORTABLE_H

#ifndef FP16
#define FP16 0
#endif
#ifndef BF16
#define BF16 0
#endif

// A group on a multiprocessor is enough for the compiler to give an item all registers that it can use.
#if defined(__CUDA__)
  #define KERNEL(name, size) \
      extern "C" __attribute__((global)) __attribute__((launch_bounds(size, 1))) void name
  #define FN static __attribute__((device)) __attribute__((always_inline)) inline
  #define GLOBAL
  #define LOCAL
  #define LOCAL_VAR __attribute__((shared))
  #define RESTRICT __restrict__
  typedef _Float16 half_t;
  typedef unsigned int uint;
  typedef unsigned short ushort;
  typedef uint uint4 __attribute__((ext_vector_type(4)));
  typedef ushort ushort4 __attribute__((ext_vector_type(4)));
  typedef float float2 __attribute__((ext_vector_type(2)));
  typedef float float4 __attribute__((ext_vector_type(4)));
  typedef half_t half4_t __attribute__((ext_vector_type(4)));
  #define LID ((int)__nvvm_read_ptx_sreg_tid_x())
  #define GRP0 ((int)__nvvm_read_ptx_sreg_ctaid_x())
  #define GRP1 ((int)__nvvm_read_ptx_sreg_ctaid_y())
  #define GRP2 ((int)__nvvm_read_ptx_sreg_ctaid_z())
  #define NGRP0 ((int)__nvvm_read_ptx_sreg_nctaid_x())
  #define NGRP1 ((int)__nvvm_read_ptx_sreg_nctaid_y())
  #define BARRIER() __syncthreads()
  #define ON_CPU 0
#else
  #define KERNEL(name, size) __kernel __attribute__((reqd_work_group_size(size, 1, 1))) void name
  #define FN static inline __attribute__((always_inline))
  #define GLOBAL __global
  #define LOCAL __local
  #define LOCAL_VAR __local
  #define RESTRICT restrict
  typedef half half_t;
  #define LID ((int)get_local_id(0))
  #define GRP0 ((int)get_group_id(0))
  #define GRP1 ((int)get_group_id(1))
  #define GRP2 ((int)get_group_id(2))
  #define NGRP0 ((int)get_num_groups(0))
  #define NGRP1 ((int)get_num_groups(1))
  #define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
  #ifndef ON_CPU
    #define ON_CPU 0
  #endif
#endif

// A launch's second extent is at most 65535 in CUDA: tiles of rows go on in the third, whose last ones may be empty.
#define ROW_GRP (GRP2 * NGRP1 + GRP1)

// A processor runs the items of a group one after the other, each as a loop body: vectors of 16 fill its registers.
// INNER(n) is n, but keeps the loop within one work-item: without, PoCL puts a barrier into every uniform loop, and
// every register is spilled there (4 to 14 times slower). EMULATED kernels keep the vectors of a GPU, to test its
// indices.
#if ON_CPU
  #ifdef EMULATED
    #define VW 4
    typedef float4 floatv;
  #else
    #define VW 16
    typedef float16 floatv;
  #endif
  #define UNROLL_GPU _Pragma("nounroll")
  #define INNER(n) ((n) + (LID >> 20))
#else
  #define VW 4
  #define UNROLL_GPU _Pragma("unroll")
  #define INNER(n) (n)
  typedef float4 floatv;
#endif
#define UNROLL _Pragma("unroll")

// ---- Storage: store_t is what tensors and matrices consist of --------------------------------------------------
#if FP16
  typedef half_t store_t;
#elif BF16
  typedef ushort store_t;
#else
  typedef float store_t;
#endif

#if defined(__CUDA__)
  #if BF16
    // bf16 is the upper half of an fp32; rounded to the nearest, ties to even, NaN stays one.
    FN float widen(ushort bits) { uint u = (uint)bits << 16; float f; __builtin_memcpy(&f, &u, 4); return f; }
    FN ushort narrow(float v)
    {
        uint u;
        __builtin_memcpy(&u, &v, 4);
        return (ushort)(v != v ? (u >> 16) | 0x40 : (u + 0x7FFF + ((u >> 16) & 1)) >> 16);
    }
    FN float load1(GLOBAL const store_t* p, long i) { return widen(p[i]); }
    FN void store1(float v, GLOBAL store_t* p, long i) { p[i] = narrow(v); }
    FN floatv loadv(GLOBAL const store_t* p, long i)
    {
        const ushort4 u = *(GLOBAL const ushort4*)(p + i);
        return (floatv){ widen(u.x), widen(u.y), widen(u.z), widen(u.w) };
    }
    FN void storev(floatv v, GLOBAL store_t* p, long i)
    { *(GLOBAL ushort4*)(p + i) = (ushort4){ narrow(v.x), narrow(v.y), narrow(v.z), narrow(v.w) }; }
  #else
    FN float load1(GLOBAL const store_t* p, long i) { return (float)p[i]; }
    FN void store1(float v, GLOBAL store_t* p, long i) { p[i] = (store_t)v; }
  #endif
  #if FP16
    // p + i is a multiple of four elements.
    FN floatv loadv(GLOBAL const store_t* p, long i)
    { return __builtin_convertvector(*(GLOBAL const half4_t*)(p + i), floatv); }
    FN void storev(floatv v, GLOBAL store_t* p, long i)
    { *(GLOBAL half4_t*)(p + i) = __builtin_convertvector(v, half4_t); }
  #elif !BF16
    FN floatv loadv(GLOBAL const store_t* p, long i) { return *(GLOBAL const floatv*)(p + i); }
    FN void storev(floatv v, GLOBAL store_t* p, long i) { *(GLOBAL floatv*)(p + i) = v; }
  #endif
  FN floatv loadv_f(GLOBAL const float* p, long i) { return *(GLOBAL const floatv*)(p + i); }
  FN void store_pair(float first, float second, GLOBAL float* p) { *(GLOBAL float2*)p = (float2){ first, second }; }
#else
  #define CAT_(a, b) a##b
  #define CAT(a, b) CAT_(a, b)
  #if FP16
    FN float load1(GLOBAL const store_t* p, long i) { return vload_half(i, p); }
    FN void store1(float v, GLOBAL store_t* p, long i) { vstore_half_rte(v, i, p); }
    FN floatv loadv(GLOBAL const store_t* p, long i) { return CAT(vload_half, VW)(0, p + i); }
    FN void storev(floatv v, GLOBAL store_t* p, long i) { CAT(CAT(vstore_half, VW), _rte)(v, 0, p + i); }
  #elif BF16
    FN ushort narrow(float v)
    {
        const uint u = as_uint(v);
        return (ushort)(v != v ? (u >> 16) | 0x40 : (u + 0x7FFF + ((u >> 16) & 1)) >> 16);
    }
    FN float load1(GLOBAL const store_t* p, long i) { return as_float((uint)p[i] << 16); }
    FN void store1(float v, GLOBAL store_t* p, long i) { p[i] = narrow(v); }
    FN floatv loadv(GLOBAL const store_t* p, long i)
    { return CAT(as_float, VW)(CAT(convert_uint, VW)(CAT(vload, VW)(0, p + i)) << 16); }
    FN void storev(floatv v, GLOBAL store_t* p, long i)
    {
        const CAT(uint, VW) u = CAT(as_uint, VW)(v);
        const CAT(uint, VW) rounded = select((u + 0x7FFF + ((u >> 16) & 1)) >> 16, (u >> 16) | 0x40, v != v);
        CAT(vstore, VW)(CAT(convert_ushort, VW)(rounded), 0, p + i);
    }
  #else
    FN float load1(GLOBAL const store_t* p, long i) { return p[i]; }
    FN void store1(float v, GLOBAL store_t* p, long i) { p[i] = v; }
    FN floatv loadv(GLOBAL const store_t* p, long i) { return CAT(vload, VW)(0, p + i); }
    FN void storev(floatv v, GLOBAL store_t* p, long i) { CAT(vstore, VW)(v, 0, p + i); }
  #endif
  FN floatv loadv_f(GLOBAL const float* p, long i) { return CAT(vload, VW)(0, p + i); }
  FN void store_pair(float first, float second, GLOBAL float* p) { vstore2((float2)(first, second), 0, p); }
#endif

// ---- Arithmetic ------------------------------------------------------------------------------------------------
#if defined(__CUDA__)
  FN float fma1(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
  FN float max1(float a, float b) { return __builtin_fmaxf(a, b); }
  FN float min1(float a, float b) { return __builtin_fminf(a, b); }
  FN float abs1(float x) { return __builtin_fabsf(x); }
  FN float floor1(float x) { return __builtin_floorf(x); }
  FN float rint1(float x) { return __builtin_rintf(x); }
  FN float sqrt1(float x) { return __builtin_sqrtf(x); }
  FN float as_float1(int bits) { float f; __builtin_memcpy(&f, &bits, 4); return f; }
#else
  FN float fma1(float a, float b, float c) { return fma(a, b, c); }
  FN float max1(float a, float b) { return fmax(a, b); }
  FN float min1(float a, float b) { return fmin(a, b); }
  FN float abs1(float x) { return fabs(x); }
  FN float floor1(float x) { return floor(x); }
  FN float rint1(float x) { return rint(x); }
  FN float sqrt1(float x) { return sqrt(x); }
  FN float as_float1(int bits) { return as_float(bits); }
#endif

// 2^whole * x for |whole| up to 252, in two steps so that subnormal results are reached.
FN float scale1(float x, int whole)
{
    const int half_of = whole >> 1;
    return x * as_float1((half_of + 127) << 23) * as_float1((whole - half_of + 127) << 23);
}

// e^x to about 1 unit in the last place; NaN stays, infinities give 0 and infinity. The polynomial is the CPU
// backend's (VectorMath.Exp): (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2.
FN float exp1(float x)
{
    const float y = x < -105.0f ? -105.0f : (x > 90.0f ? 90.0f : x);
    const float whole = rint1(y * 1.44269504f);
    float r = fma1(whole, -0.693115234375f, y);
    r = fma1(whole, -3.1946184945e-5f, r);
    float p = 1.381418565e-3f;
    p = fma1(p, r, 8.368914182e-3f);
    p = fma1(p, r, 4.166840729e-2f);
    p = fma1(p, r, 1.6666519e-1f);
    p = fma1(p, r, 4.999999334e-1f);
    p = fma1(r * r, p, r);
    return scale1(p + 1.0f, (int)whole);
}

// The same for a vector.
#if defined(__CUDA__)
  FN floatv expv(floatv x)
  {
      UNROLL
      for (int e = 0; e < VW; e++) x[e] = exp1(x[e]);
      return x;
  }
#else
  FN floatv expv(floatv x)
  {
      // select() takes its second operand where the comparison is true: NaN compares false and stays.
      floatv y = select(x, (floatv)(-105.0f), x < -105.0f);
      y = select(y, (floatv)(90.0f), y > 90.0f);
      const floatv whole = rint(y * 1.44269504f);
      floatv r = fma(whole, (floatv)(-0.693115234375f), y);
      r = fma(whole, (floatv)(-3.1946184945e-5f), r);
      floatv p = (floatv)(1.381418565e-3f);
      p = fma(p, r, (floatv)(8.368914182e-3f));
      p = fma(p, r, (floatv)(4.166840729e-2f));
      p = fma(p, r, (floatv)(1.6666519e-1f));
      p = fma(p, r, (floatv)(4.999999334e-1f));
      p = fma(r * r, p, r);
      const CAT(int, VW) n = CAT(convert_int, VW)(whole);
      const CAT(int, VW) first = n >> 1;
      return (p + 1.0f) * CAT(as_float, VW)((first + 127) << 23) * CAT(as_float, VW)((n - first + 127) << 23);
  }
#endif

// ---- Runs whose end may lie within a vector ----
#define ALIGNED(i) (ON_CPU || ((i) & (VW - 1)) == 0)

// Up to VW elements from i on, of which n are valid; zeros after.
FN floatv loadv_n(GLOBAL const store_t* p, long i, int n)
{
    if (n >= VW && ALIGNED(i)) return loadv(p, i);
    floatv v = (floatv)(0.0f);
    UNROLL_GPU
    for (int e = 0; e < INNER(VW); e++) if (e < n) ((float*)&v)[e] = load1(p, i + e);
    return v;
}

// Writes the first n elements, at most VW.
FN void storev_n(floatv v, GLOBAL store_t* p, long i, int n)
{
    if (n >= VW && ALIGNED(i)) { storev(v, p, i); return; }
    UNROLL_GPU
    for (int e = 0; e < INNER(VW); e++) if (e < n) store1(((float*)&v)[e], p, i + e);
}

// To on-chip memory: rows there are padded by one element on a GPU, so that columns lie in different banks.
#if ON_CPU
  #define PAD 0
  FN void storev_local(floatv v, LOCAL float* p) { CAT(vstore, VW)(v, 0, p); }
  FN floatv loadv_local(LOCAL const float* p) { return CAT(vload, VW)(0, p); }
#else
  #define PAD 1
  FN void storev_local(floatv v, LOCAL float* p) { p[0] = v.x; p[1] = v.y; p[2] = v.z; p[3] = v.w; }
  FN floatv loadv_local(LOCAL const float* p)
  { floatv v; v.x = p[0]; v.y = p[1]; v.z = p[2]; v.w = p[3]; return v; }
#endif

// ---- Sums over a work-group of `size` items, a power of two; every item calls it ----
FN float group_sum(float v, LOCAL float* scratch, int size)
{
    scratch[LID] = v;
    BARRIER();
    for (int d = size / 2; d > 0; d >>= 1)
    {
        if (LID < d) scratch[LID] += scratch[LID + d];
        BARRIER();
    }
    const float sum = scratch[0];
    BARRIER();
    return sum;
}

// Items of a group where every item has a vector of its own.
#if ON_CPU
  #define ITEMS 64
#else
  #define ITEMS 256
#endif
#endif
