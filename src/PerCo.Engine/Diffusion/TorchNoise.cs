namespace PerCo.Engine.Diffusion;

/// <summary>
/// Normal noise equal to <c>torch.randn</c> with PyTorch's CPU generator, in single precision (aten's
/// DistributionTemplates.h and CPUGeneratorImpl.cpp), within 4e-6: the uniform bits are equal, the last bits of
/// logarithm, sine and cosine are not. Those are taken in double precision here and rounded, so that platforms whose
/// mathematical libraries differ in a last bit still give equal noise. The order of elements is that of the torch
/// tensor (for latents channels, height, width).
/// </summary>
internal sealed class TorchNoise
{
    private const int Block = 16;

    private readonly Mt19937 _bits;
    private double? _spare;

    /// <summary>A generator as after <c>torch.Generator().manual_seed(seed)</c>.</summary>
    /// <param name="seed">The seed; as in torch, only its low 32 bits count.</param>
    public TorchNoise(ulong seed) => _bits = new Mt19937((uint)seed);

    /// <summary>One draw from a new generator.</summary>
    /// <param name="seed">The seed; only its low 32 bits count.</param>
    /// <param name="noise">Receives the values of <c>torch.randn(noise.Length)</c>.</param>
    public static void Fill(ulong seed, Span<float> noise) => new TorchNoise(seed).Draw(noise);

    /// <summary>The next <c>torch.randn</c> of this generator. One draw of a + b is not two draws of a and b.</summary>
    public void Draw(Span<float> noise)
    {
        if (noise.Length < Block)
        {
            DrawFew(noise);
            return;
        }

        foreach (ref float value in noise)
        {
            value = Uniform();
        }

        for (int i = 0; i <= noise.Length - Block; i += Block)
        {
            BoxMuller(noise.Slice(i, Block));
        }

        // A last part of a block is filled by redoing the last sixteen, of which some are finished already.
        if (noise.Length % Block != 0)
        {
            Span<float> last = noise[^Block..];
            foreach (ref float value in last)
            {
                value = Uniform();
            }

            BoxMuller(last);
        }
    }

    /// <summary>Eight pairs: first the radii's uniforms, then the angles'.</summary>
    private static void BoxMuller(Span<float> block)
    {
        for (int i = 0; i < Block / 2; i++)
        {
            float radius = MathF.Sqrt(-2f * (float)Math.Log(1f - block[i]));
            float angle = (float)(2 * Math.PI) * block[i + (Block / 2)];
            block[i] = radius * (float)Math.Cos(angle);
            block[i + (Block / 2)] = radius * (float)Math.Sin(angle);
        }
    }

    /// <summary>Below sixteen elements torch draws in double precision and keeps the second of each pair.</summary>
    private void DrawFew(Span<float> noise)
    {
        foreach (ref float value in noise)
        {
            if (_spare is double spare)
            {
                value = (float)spare;
                _spare = null;
                continue;
            }

            double angle = 2 * Math.PI * UniformDouble();

            // 1 − u is exact and in (0, 1], so its logarithm is log1p(−u) to within one rounding.
            double radius = Math.Sqrt(-2 * Math.Log(1 - UniformDouble()));
            _spare = radius * Math.Sin(angle);
            value = (float)(radius * Math.Cos(angle));
        }
    }

    /// <summary>24 random bits as a number in [0, 1).</summary>
    private float Uniform() => (_bits.Next() & 0xFFFFFF) * (1f / (1 << 24));

    /// <summary>53 random bits as a number in [0, 1).</summary>
    private double UniformDouble()
    {
        ulong high = _bits.Next();
        return (((high << 32) | _bits.Next()) & ((1UL << 53) - 1)) * (1.0 / (1UL << 53));
    }
}
