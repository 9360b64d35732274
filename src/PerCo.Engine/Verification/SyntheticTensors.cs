using System.Text;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Verification;

/// <summary>
/// Deterministic values for parameters and inputs, by name, equal bit for bit in any language, so that networks of
/// full width can be verified without a download:
/// <code>
/// h = FNV-1a-64(utf8(name));  z = splitmix64(h + (i + 1) · 0x9E3779B97F4A7C15)   (mod 2⁶⁴)
/// s = 2·((z >> 40) · 2⁻²⁴) − 1                                                  in [−1, 1), exact in float32
/// </code>
/// with i the element's index in checkpoint (row-major) order.
/// </summary>
internal static class SyntheticTensors
{
    private const ulong Step = 0x9E3779B97F4A7C15;
    private const ulong Mix1 = 0xBF58476D1CE4E5B9;
    private const ulong Mix2 = 0x94D049BB133111EB;

    /// <summary>s is z >> 40 less 2²³, a number of at most 24 bits, times this power of two: exact.</summary>
    private const float Unit = 1f / (1 << 23);

    /// <summary>Elements that one task fills; 256 KiB stays in a core's cache.</summary>
    private const int Chunk = 1 << 16;

    /// <summary>FNV-1a, 64 bits, of a name's UTF-8 bytes.</summary>
    public static ulong Hash(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 0x100000001B3;
        }

        return hash;
    }

    /// <summary>An input: s itself.</summary>
    /// <param name="name">The full name, e.g. "dev/input.x".</param>
    /// <param name="values">Receives the values.</param>
    public static void FillTensor(string name, Span<float> values) => Fill(name, 1, 0, values);

    /// <summary>
    /// A parameter, one rounding an operation: s · √(3 / fan-in) for two and more extents (fan-in is the product of
    /// all but the first), 1 + 0.1·s for other names that end in ".weight", 0.1·s for the rest.
    /// </summary>
    /// <param name="name">The full name, e.g. "dev/conv_in.weight".</param>
    /// <param name="shape">Extents in checkpoint layout.</param>
    /// <param name="values">Receives the values.</param>
    /// <exception cref="ArgumentException">The length is not the shape's.</exception>
    public static void FillParameter(string name, Shape shape, Span<float> values)
    {
        if (values.Length != shape.Count)
        {
            throw new ArgumentException($"{name}: {shape} has {shape.Count} elements, the span {values.Length}.");
        }

        if (values.IsEmpty)
        {
            return;
        }

        if (shape.Rank >= 2)
        {
            Fill(name, (float)Math.Sqrt(3.0 / (shape.Count / shape[0])), 0, values);
        }
        else
        {
            Fill(name, 0.1f, name.EndsWith(".weight", StringComparison.Ordinal) ? 1 : 0, values);
        }
    }

    /// <summary>A parameter as a new array.</summary>
    /// <exception cref="OverflowException">It has more elements than an array may have.</exception>
    public static float[] Parameter(string name, Shape shape)
    {
        float[] values = new float[checked((int)shape.Count)];
        FillParameter(name, shape, values);
        return values;
    }

    /// <summary>An input as a new array.</summary>
    /// <exception cref="OverflowException">It has more elements than an array may have.</exception>
    public static float[] Tensor(string name, Shape shape)
    {
        float[] values = new float[checked((int)shape.Count)];
        FillTensor(name, values);
        return values;
    }

    /// <summary>offset + scale · s, in chunks on all cores; every element depends on its index alone.</summary>
    private static unsafe void Fill(string name, float scale, float offset, Span<float> values)
    {
        ulong hash = Hash(name);
        if (values.Length <= Chunk)
        {
            FillChunk(hash, 0, scale, offset, values);
            return;
        }

        int length = values.Length;
        fixed (float* pinned = values)
        {
            nint address = (nint)pinned;
            Parallel.For(0, (int)(((long)length + Chunk - 1) / Chunk), chunk =>
            {
                int start = chunk * Chunk;
                Span<float> part = new((float*)address + start, Math.Min(Chunk, length - start));
                FillChunk(hash, (ulong)start, scale, offset, part);
            });
        }
    }

    // Not vectorised: 64-bit products are what vectors lack before AVX-512, and one core fills 0.7 G elements a second.
    private static void FillChunk(ulong hash, ulong start, float scale, float offset, Span<float> values)
    {
        ulong state = hash + (start * Step);
        foreach (ref float value in values)
        {
            state += Step;
            ulong x = (state ^ (state >> 30)) * Mix1;
            x = (x ^ (x >> 27)) * Mix2;
            x ^= x >> 31;
            float s = ((int)(x >> 40) - (1 << 23)) * Unit;
            value = offset + (s * scale);
        }
    }
}
