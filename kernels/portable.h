// portable.h: one C dialect, two compilers.
//   OpenCL C 1.2, built at run time by any driver (the host passes -DON_CPU=1 for devices that are processors)
//   clang -x cuda --cuda-device-only, which makes PTX without a CUDA SDK (__CUDA__ is defined)
// Rules: every pointer is GLOBAL or LOCAL; no __local kernel arguments; no OpenCL built-ins outside this file; local
// arrays are aligned to 16; fp16 is a storage format only (FP16=1), arithmetic is fp32.
// Local sizes are one-dimensional.
#ifndef PORTABLE_H
#define PORTABLE_H

#ifndef FP16
#define FP16 0
#endif

#if defined(__CUDA__)
  #define KERNEL(name, size) \
      extern "C" __attribute__((global)) __attribute__((launch_bounds(size))) void name
  #define FN static __attribute__((device)) __attribute__((always_inline)) inline
  #define GLOBAL
  #define LOCAL
  #define LOCAL_VAR __attribute__((shared))
  #define RESTRICT __restrict__
  typedef _Float16 half_t;
  typedef unsigned int uint;
  typedef float float4 __attribute__((ext_vector_type(4)));
  typedef half_t half4_t __attribute__((ext_vector_type(4)));
  #define LID ((int)__nvvm_read_ptx_sreg_tid_x())
  #define GRP0 ((int)__nvvm_read_ptx_sreg_ctaid_x())
  #define GRP1 ((int)__nvvm_read_ptx_sreg_ctaid_y())
  #define GRP2 ((int)__nvvm_read_ptx_sreg_ctaid_z())
  #define NGRP0 ((int)__nvvm_read_ptx_sreg_nctaid_x())
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
  #define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
  #ifndef ON_CPU
    #define ON_CPU 0
  #endif
#endif

// A processor runs the items of a group one after the other, each as a loop body: vectors of 16 fill its registers.
// INNER(n) is n, but keeps the loop within one work-item: without, PoCL puts a barrier into every uniform loop, and
// every register is spilled there (4 to 14 times slower).
#if ON_CPU
  #define VW 16
  #define UNROLL_GPU
  #define INNER(n) ((n) + (LID >> 20))
  typedef float16 floatv;
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
#else
  typedef float store_t;
#endif

#if defined(__CUDA__)
  FN float load1(GLOBAL const store_t* p, long i) { return (float)p[i]; }
  FN void store1(float v, GLOBAL store_t* p, long i) { p[i] = (store_t)v; }
  #if FP16
    // p + i is a multiple of four elements.
    FN floatv loadv(GLOBAL const store_t* p, long i)
    { return __builtin_convertvector(*(GLOBAL const half4_t*)(p + i), floatv); }
    FN void storev(floatv v, GLOBAL store_t* p, long i)
    { *(GLOBAL half4_t*)(p + i) = __builtin_convertvector(v, half4_t); }
  #else
    FN floatv loadv(GLOBAL const store_t* p, long i) { return *(GLOBAL const floatv*)(p + i); }
    FN void storev(floatv v, GLOBAL store_t* p, long i) { *(GLOBAL floatv*)(p + i) = v; }
  #endif
  FN floatv loadv_f(GLOBAL const float* p, long i) { return *(GLOBAL const floatv*)(p + i); }
#else
  #define CAT_(a, b) a##b
  #define CAT(a, b) CAT_(a, b)
  #if FP16
    FN float load1(GLOBAL const store_t* p, long i) { return vload_half(i, p); }
    FN void store1(float v, GLOBAL store_t* p, long i) { vstore_half_rte(v, i, p); }
    FN floatv loadv(GLOBAL const store_t* p, long i) { return CAT(vload_half, VW)(0, p + i); }
    FN void storev(floatv v, GLOBAL store_t* p, long i) { CAT(CAT(vstore_half, VW), _rte)(v, 0, p + i); }
  #else
    FN float load1(GLOBAL const store_t* p, long i) { return p[i]; }
    FN void store1(float v, GLOBAL store_t* p, long i) { p[i] = v; }
    FN floatv loadv(GLOBAL const store_t* p, long i) { return CAT(vload, VW)(0, p + i); }
    FN void storev(floatv v, GLOBAL store_t* p, long i) { CAT(vstore, VW)(v, 0, p + i); }
  #endif
  FN floatv loadv_f(GLOBAL const float* p, long i) { return CAT(vload, VW)(0, p + i); }
#endif

// ---- Arithmetic ------------------------------------------------------------------------------------------------
#if defined(__CUDA__)
  FN float fma1(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
  FN float max1(float a, float b) { return __builtin_fmaxf(a, b); }
  FN float min1(float a, float b) { return __builtin_fminf(a, b); }
  FN float abs1(float x) { return __builtin_fabsf(x); }
  FN float floor1(float x) { return __builtin_floorf(x); }
  FN float rint1(float x) { return __nvvm_round_f(x); }
  FN float sqrt1(float x) { return __nvvm_sqrt_rn_f(x); }
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
#endif
