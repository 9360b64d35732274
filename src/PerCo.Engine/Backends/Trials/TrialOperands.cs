using System.Text;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Trials;

/// <summary>
/// Operands of a trial on one backend, with values that follow from their names, so that every backend gets the same;
/// frees them in the end.
/// </summary>
/// <param name="backend">Where the operands lie.</param>
/// <param name="precision">What activations are rounded to before any backend gets them.</param>
internal sealed class TrialOperands(Backend backend, GpuPrecision precision) : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    /// <summary>Where the operands lie.</summary>
    public Backend Backend => backend;

    /// <summary>Values spread evenly over ±scale, the same for the same name.</summary>
    public static float[] Values(string name, long count, float scale = 1)
    {
        // FNV-1a seeds a 64-bit linear congruential generator (Knuth's MMIX); its upper bits are good enough.
        ulong state = 14695981039346656037;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            state = (state ^ b) * 1099511628211;
        }

        var values = new float[count];
        for (long i = 0; i < count; i++)
        {
            state = state * 6364136223846793005 + 1442695040888963407;
            values[i] = ((int)(state >> 40) - (1 << 23)) * (scale / (1 << 23));
        }

        return values;
    }

    /// <summary>An activation with values spread over ±scale.</summary>
    public Tensor Random(string name, float scale, params ReadOnlySpan<int> extents)
    {
        var shape = new Shape(extents);
        float[] values = Values(name, shape.Count, scale);
        Round(values, precision);
        return Own(backend.Upload(shape, values));
    }

    /// <summary>A weight with values spread over ±scale.</summary>
    public static HostTensor Weight(string name, float scale, params ReadOnlySpan<int> extents)
    {
        var shape = new Shape(extents);
        return HostTensor.FromFloats(name, shape, Values(name, shape.Count, scale));
    }

    /// <summary>Frees something when the trial ends.</summary>
    public T Own<T>(T resource)
        where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _owned.Clear();
    }

    /// <summary>Rounds values to what a precision stores.</summary>
    internal static void Round(Span<float> values, GpuPrecision precision)
    {
        if (precision == GpuPrecision.Fp16)
        {
            foreach (ref float value in values)
            {
                value = (float)(Half)value;
            }
        }
        else if (precision == GpuPrecision.Bf16)
        {
            var stored = new ushort[values.Length];
            BFloat16.Round(values, stored);
            BFloat16.Widen(stored, values);
        }
    }
}
