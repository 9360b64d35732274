// activations.h: the functions that ops apply to their result; numbers as in the enum Activation.
#include "portable.h"
#ifndef ACTIVATIONS_H
#define ACTIVATIONS_H
#define ACT_NONE 0
#define ACT_SILU 1
#define ACT_GELU 2
#define ACT_QUICK_GELU 3
#define ACT_RELU 4
#define ACT_GEGLU 5

FN float silu1(float x) { return x / (1.0f + exp1(-x)); }

FN float quick_gelu1(float x) { return x / (1.0f + exp1(-1.702f * x)); }

// torch's ReLU passes NaN on.
FN float relu1(float x) { return x < 0.0f ? 0.0f : x; }

// x * Phi(x) as in the CPU backend (VectorMath.Gelu): Phi(-a) = 2^(-1 - a q(a)) for a >= 0, Phi(a) = 1 - Phi(-a).
FN float gelu1(float x)
{
    const float a = abs1(x);
    float q = 2.334905002e-6f;
    q = fma1(q, a, -3.373713916e-5f);
    q = fma1(q, a, 1.612898707e-4f);
    q = fma1(q, a, 1.917148904e-4f);
    q = fma1(q, a, -7.126882007e-3f);
    q = fma1(q, a, 5.253362584e-2f);
    q = fma1(q, a, 4.591982772e-1f);
    q = fma1(q, a, 1.151106042f);

    // 2^y by (2^f - 1) / f for |f| <= 1/2.
    float y = -q * a;
    y = y < -152.0f ? -152.0f : y;
    const float whole = rint1(y);
    const float f = y - whole;
    float p = 1.535333836e-4f;
    p = fma1(p, f, 1.339890124e-3f);
    p = fma1(p, f, 9.618437625e-3f);
    p = fma1(p, f, 5.550332406e-2f);
    p = fma1(p, f, 2.402264791e-1f);
    p = fma1(p, f, 6.931472029e-1f);
    const float twice = scale1(fma1(p, f, 1.0f), (int)whole);
    return x * (x < 0.0f ? 0.5f * twice : fma1(-0.5f, twice, 1.0f));
}

#define EACH(function) \
    UNROLL_GPU \
    for (int e = 0; e < INNER(VW); e++) ((float*)&v)[e] = function(((float*)&v)[e])

FN floatv activatev(floatv v, int activation)
{
    switch (activation)
    {
        case ACT_SILU: return v / (1.0f + expv(-v));
        case ACT_QUICK_GELU: return v / (1.0f + expv(-1.702f * v));
        case ACT_GELU: EACH(gelu1); return v;
        case ACT_RELU: EACH(relu1); return v;
        default: return v;
    }
}
#endif
