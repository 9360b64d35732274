using System.Runtime.CompilerServices;

namespace PerCo.Engine.Backends.Cpu;

/// <summary>Nearest codes of some positions.</summary>
/// <remarks>
/// Indices go into files, so they must be those of exact arithmetic, and the first of equals: cosines in fp32 with SIMD
/// only sort out codes that cannot be the best or the second best; the few others are compared in double precision, as
/// the reference does.
/// </remarks>
internal readonly unsafe struct QuantizeRows(
    float* x, int rows, float* codes, float* panels, int entries, int channels, float errorBound, int* indices,
    float* margins, float* scratch) : ISimdBody
{
    /// <summary>Positions of an item, which share the loads of codes.</summary>
    public const int Rows = 4;

    private const int PanelCodes = CpuCodebookWeights.PanelCodes;

    // The floor of torch.nn.functional.normalize: a zero vector keeps cosine 0 with every code.
    private const double SmallestNorm = 1e-12;

    /// <summary>Scratch values of a worker: cosines [rows][entries] and unit vectors [rows][channels].</summary>
    public static long ScratchLength(CpuCodebookWeights weights) =>
        Rows * ((long)weights.PaddedEntries + weights.Channels);

    private int PaddedEntries => (entries + PanelCodes - 1) / PanelCodes * PanelCodes;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<S, V>(int item, int worker)
        where S : struct, ISimd<V>
        where V : struct
    {
        float* cosines = scratch + worker * Rows * ((long)PaddedEntries + channels);
        float* units = cosines + (long)Rows * PaddedEntries;
        int first = item * Rows, count = Math.Min(Rows, rows - first);
        for (int i = 0; i < Rows; i++)
        {
            // Rows beyond the end repeat the last one.
            float* vector = x + (long)(first + Math.Min(i, count - 1)) * channels;
            double norm = Norm(vector);
            for (int c = 0; c < channels; c++)
            {
                units[i * channels + c] = (float)(vector[c] / norm);
            }
        }

        Cosines<S, V>(units, cosines);
        for (int i = 0; i < count; i++)
        {
            Choose<S, V>(first + i, cosines + (long)i * PaddedEntries);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Cosines<S, V>(float* units, float* cosines)
        where S : struct, ISimd<V>
        where V : struct
    {
        int padded = PaddedEntries;
        for (int code = 0; code < padded; code += S.Count)
        {
            float* panel = panels + (long)(code / PanelCodes) * PanelCodes * channels + code % PanelCodes;
            V a = S.Create(0), b = a, c = a, d = a;
            for (int channel = 0; channel < channels; channel++)
            {
                V values = S.Load(panel);
                a = S.MultiplyAdd(values, S.Create(units[channel]), a);
                b = S.MultiplyAdd(values, S.Create(units[channels + channel]), b);
                c = S.MultiplyAdd(values, S.Create(units[2 * channels + channel]), c);
                d = S.MultiplyAdd(values, S.Create(units[3 * channels + channel]), d);
                panel += PanelCodes;
            }

            S.Store(a, cosines + code);
            S.Store(b, cosines + padded + code);
            S.Store(c, cosines + 2 * padded + code);
            S.Store(d, cosines + 3 * padded + code);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Choose<S, V>(int row, float* cosines)
        where S : struct, ISimd<V>
        where V : struct
    {
        new Span<float>(cosines + entries, PaddedEntries - entries).Fill(float.NegativeInfinity);
        float* vector = x + (long)row * channels;
        double norm = Norm(vector);
        float threshold = double.IsFinite(norm) && float.IsFinite(errorBound)
            ? MathF.BitDecrement(SecondLargest<S, V>(cosines) - 2 * errorBound)
            : float.NaN;
        double best = double.NegativeInfinity, second = double.NegativeInfinity;
        V limit = S.Create(threshold);
        for (int code = 0; code < entries; code += S.Count)
        {
            if (S.AllEqual(S.Max(S.Load(cosines + code), limit), limit))
            {
                continue;
            }

            for (int entry = code; entry < Math.Min(entries, code + S.Count); entry++)
            {
                // Without a threshold, for input that is not finite, every code is a candidate.
                if (cosines[entry] <= threshold)
                {
                    continue;
                }

                double cosine = Cosine(vector, norm, codes + (long)entry * channels);
                if (cosine > best)
                {
                    second = best;
                    best = cosine;
                    indices[row] = entry;
                }
                else if (cosine > second)
                {
                    second = cosine;
                }
            }
        }

        if (margins != null)
        {
            margins[row] = (float)(best - second);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float SecondLargest<S, V>(float* cosines)
        where S : struct, ISimd<V>
        where V : struct
    {
        V first = S.Create(float.NegativeInfinity), second = first;
        for (int code = 0; code < PaddedEntries; code += S.Count)
        {
            V values = S.Load(cosines + code);
            second = S.Max(second, S.Min(first, values));
            first = S.Max(first, values);
        }

        float* lanes = stackalloc float[2 * PanelCodes];
        S.Store(first, lanes);
        S.Store(second, lanes + S.Count);
        float largest = float.NegativeInfinity, next = largest;
        for (int i = 0; i < 2 * S.Count; i++)
        {
            next = MathF.Max(next, MathF.Min(largest, lanes[i]));
            largest = MathF.Max(largest, lanes[i]);
        }

        return next;
    }

    private double Norm(float* vector)
    {
        double squares = 0;
        for (int c = 0; c < channels; c++)
        {
            squares += (double)vector[c] * vector[c];
        }

        return Math.Max(Math.Sqrt(squares), SmallestNorm);
    }

    private double Cosine(float* vector, double norm, float* code)
    {
        double cosine = 0;
        for (int c = 0; c < channels; c++)
        {
            cosine += vector[c] / norm * code[c];
        }

        return cosine;
    }
}
