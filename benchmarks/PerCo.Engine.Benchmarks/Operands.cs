using PerCo.Engine.Tensors;

namespace PerCo.Engine.Benchmarks;

/// <summary>Values for benchmarks: small and irregular, since zeros would flatter some processors.</summary>
internal static class Operands
{
    public static float[] Values(long count)
    {
        var random = new Random(1);
        var values = new float[count];
        for (long i = 0; i < count; i++)
        {
            values[i] = random.NextSingle() - 0.5f;
        }

        return values;
    }

    public static HostTensor Weight(params ReadOnlySpan<int> extents)
    {
        var shape = new Shape(extents);
        return HostTensor.FromFloats("weight", shape, Values(shape.Count));
    }
}
