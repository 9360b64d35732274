using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Reference;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Cpu;

/// <summary>
/// Error bounds of <see cref="VectorMath"/> over the whole range of floats, and equal bits at every width.
/// </summary>
public unsafe class VectorMathTests
{
    // 400,000 floats of all signs and exponents; a prime, so that the low bits vary. The bounds hold for all floats.
    private const uint Step = 10_007;

    private const float Inf = float.PositiveInfinity;

    [Fact]
    public void ExpIsWithin1p05Ulps() => Within<Exp>(1.05, (x, y) => Ulps(Math.Exp(x), y));

    [Fact]
    public void Exp2IsWithinOneUlp() => Within<Exp2>(1, (x, y) => Ulps(Math.Pow(2, x), y));

    [Fact]
    public void Exp2ClippedIsWithin2p5UlpsAboveMinus126() => Within<Exp2Clipped>(
        2.5, (x, y) => x > -126 ? Ulps(Math.Pow(2, Math.Min(127, x)), y) : 2.5 * y / Math.Pow(2, -126));

    [Fact]
    public void SigmoidIsWithinThreeUlpsAboveMinus87() =>
        Within<Sigmoid>(3, (x, y) => x > -87 ? Ulps(1 / (1 + Math.Exp(-x)), y) : y / 2e-38);

    [Fact]
    public void SiluIsWithinThreeUlpsAboveMinus87() =>
        Within<SiluActivation>(3, (x, y) => x > -87 ? Ulps(x / (1 + Math.Exp(-(double)x)), y) : -y / 2e-36);

    [Fact]
    public void QuickGeluIsWithinFourUlpsAboveMinus2And1e7Below() => Within<QuickGeluActivation>(4, (x, y) =>
    {
        double exact = x / (1 + Math.Exp(-1.702 * x));
        return x > -2 ? Ulps(exact, y) : 4 * Math.Abs(exact - y) / 1e-7;
    });

    [Fact]
    public void GeluIsWithinThreeUlpsAboveZeroAnd5p5e8Below() => Within<GeluActivation>(3, (x, y) =>
    {
        // The definition 1 + erf has no digits left below -8, where the function is above -1e-14.
        double exact = x < -8 ? 0 : 0.5 * x * (1 + ErrorFunction.Erf(x * Math.Sqrt(0.5)));
        return x > 0 ? Ulps(exact, y) : 3 * Math.Abs(exact - y) / 5.5e-8;
    });

    [Fact]
    public void InfinitiesAndLargeValuesHaveTheFunctionsLimits()
    {
        Assert.Equal([0f, 1f, 1f, Inf, Inf], Map<Exp>([-Inf, -0f, 0f, Inf, 89f]));
        Assert.Equal([0f, 1f, 1f, Inf, Inf], Map<Exp2>([-Inf, -0f, 0f, Inf, 128f]));
        Assert.Equal([0f, 1f, 0.5f, 0f], Map<Exp2Clipped>([-Inf, 0f, -1f, -1e9f]));
        Assert.Equal([0f, 0.5f, 1f, 1f], Map<Sigmoid>([-Inf, 0f, Inf, 40f]));
        Assert.Equal([0f, Inf, 1e30f, 0f], Map<SiluActivation>([0f, Inf, 1e30f, -1e30f]));
        Assert.Equal([0f, Inf, 1e30f, 0f, 0f], Map<GeluActivation>([0f, Inf, 1e30f, -1e30f, -15f]));
        Assert.Equal([0f, Inf, 1e30f, 0f], Map<QuickGeluActivation>([0f, Inf, 1e30f, -1e30f]));
        Assert.Equal([0f, Inf, 0f, 3f], Map<ReluActivation>([-Inf, Inf, -2f, 3f]));
    }

    [Fact]
    public void NaNPasses()
    {
        float[] nan = [float.NaN];
        Assert.Equal(nan, Map<Exp>(nan));
        Assert.Equal(nan, Map<Exp2>(nan));
        Assert.Equal(nan, Map<Exp2Clipped>(nan));
        Assert.Equal(nan, Map<Sigmoid>(nan));
        Assert.Equal(nan, Map<SiluActivation>(nan));
        Assert.Equal(nan, Map<GeluActivation>(nan));
        Assert.Equal(nan, Map<QuickGeluActivation>(nan));
        Assert.Equal(nan, Map<ReluActivation>(nan));
    }

    private static void Within<TOp>(double bound, Func<float, float, double> error)
        where TOp : struct, IVectorActivation
    {
        var x = new List<float>();
        for (ulong bits = 0; bits <= uint.MaxValue; bits += Step)
        {
            float value = BitConverter.UInt32BitsToSingle((uint)bits);
            if (float.IsFinite(value))
            {
                x.Add(value);
            }
        }

        float[] y = Map<TOp>([.. x]);
        for (int i = 0; i < y.Length; i++)
        {
            double e = error(x[i], y[i]);
            Assert.True(e <= bound, $"f({x[i]:R}) = {y[i]:R} is off by {e}, allowed {bound}");
        }
    }

    /// <summary>The values at every width that the processor has, after a check that the widths agree.</summary>
    private static float[] Map<TOp>(float[] x)
        where TOp : struct, IVectorActivation
    {
        float[] y = Map<TOp, Simd128, Vector128<float>>(x);
        AssertSameBits(y, Map<TOp, Simd256, Vector256<float>>(x));
        if (Avx512F.IsSupported)
        {
            AssertSameBits(y, Map<TOp, Simd512, Vector512<float>>(x));
        }

        return y;
    }

    private static float[] Map<TOp, S, V>(float[] x)
        where TOp : struct, IVectorActivation
        where S : struct, ISimd<V>
        where V : struct
    {
        var padded = new float[(x.Length + 15) / 16 * 16];
        x.CopyTo(padded, 0);
        fixed (float* values = padded)
        {
            for (int i = 0; i < padded.Length; i += S.Count)
            {
                S.Store(TOp.Apply<S, V>(S.Load(values + i)), values + i);
            }
        }

        return padded[..x.Length];
    }

    private static void AssertSameBits(float[] expected, float[] actual)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            bool same = BitConverter.SingleToInt32Bits(expected[i]) == BitConverter.SingleToInt32Bits(actual[i])
                || (float.IsNaN(expected[i]) && float.IsNaN(actual[i]));
            Assert.True(same, $"[{i}] is {expected[i]:R} at 128 bits, {actual[i]:R} at another width");
        }
    }

    // Distance in units in the last place of the exact value's float.
    private static double Ulps(double exact, float actual)
    {
        float rounded = (float)exact;
        if (rounded == actual)
        {
            return 0;
        }

        if (!float.IsFinite(rounded) || !float.IsFinite(actual))
        {
            return Inf;
        }

        double magnitude = Math.Abs(rounded);
        double ulp = Math.Max(MathF.BitIncrement((float)magnitude) - magnitude, float.Epsilon);

        // A subnormal result is rounded twice, which may cost one unit more.
        return Math.Abs(exact - actual) / ulp - (magnitude < 1.17549435e-38 ? 1 : 0);
    }

    private readonly struct Exp : IVectorActivation
    {
        public static V Apply<S, V>(V x)
            where S : struct, ISimd<V>
            where V : struct => VectorMath.Exp<S, V>(x);
    }

    private readonly struct Exp2 : IVectorActivation
    {
        public static V Apply<S, V>(V x)
            where S : struct, ISimd<V>
            where V : struct => VectorMath.Exp2<S, V>(x);
    }

    private readonly struct Exp2Clipped : IVectorActivation
    {
        public static V Apply<S, V>(V x)
            where S : struct, ISimd<V>
            where V : struct => VectorMath.Exp2Clipped<S, V>(S.Min(S.Create(127), x));
    }

    private readonly struct Sigmoid : IVectorActivation
    {
        public static V Apply<S, V>(V x)
            where S : struct, ISimd<V>
            where V : struct => VectorMath.Sigmoid<S, V>(x);
    }
}
