using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification.Cases.Full;

/// <summary>What full-width cases add: synthetic inputs and sub-sampled outputs.</summary>
internal static class FullCaseContext
{
    private const int MaxInputs = 1 << 26;

    /// <summary>A synthetic input that case.json describes as [name, shape, scale].</summary>
    /// <exception cref="PerCoException">The description is damaged.</exception>
    public static Tensor Input(this CaseContext context, ConfigReader inputs, string field)
    {
        ConfigReader description = inputs.Items(field);
        string name = description.String("0", "");
        int[] extents = description.Ints("1", []);
        float scale = description.Float("2", 1);
        long count = extents.Aggregate(1L, (n, extent) => Math.Min(n * Math.Max(1, extent), 1L << 32));
        if (name.Length == 0 || extents.Length is 0 or > Shape.MaxRank || count > MaxInputs)
        {
            throw inputs.Error(field, $"is no [name, shape, scale] of at most {MaxInputs} values");
        }

        var shape = new Shape(extents);
        float[] values = SyntheticTensors.Tensor($"{context.Tag}/{name}", shape);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] *= scale;
        }

        return context.Backend.Upload(
            PlanarLayout.ToChannelsLast(shape), PlanarLayout.ToChannelsLast(shape, values));
    }

    /// <summary>Compares a tensor with an array that has every n-th of its positions in some of the extents.</summary>
    public static void CompareSampled(this CaseContext context, string array, Tensor ours) => context.CompareSampled(
        array, PlanarLayout.ToPlanar(ours.Shape), PlanarLayout.ToPlanar(ours.Shape, ours.ToFloats()));

    /// <summary>Compares values in the original layout with an array that has every n-th of them.</summary>
    public static void CompareSampled(this CaseContext context, string array, Shape shape, float[] values)
    {
        if (context.Arrays.Has(array))
        {
            context.Compare(array, Sample(shape, values, context.Arrays.ShapeOf(array)), context.Tolerances.Network);
        }
    }

    /// <summary>
    /// Every n-th position from the first, in each extent with the smallest n that gives the wanted number of
    /// positions: the sub-sampling that case.json says in words.
    /// </summary>
    /// <exception cref="PerCoException">No sub-sampling gives the wanted shape.</exception>
    internal static float[] Sample(Shape shape, float[] values, Shape wanted)
    {
        if (wanted.Rank != shape.Rank)
        {
            throw new PerCoException($"The result is {shape}, the case has {wanted}.");
        }

        Span<int> strides = stackalloc int[Shape.MaxRank];
        for (int d = 0; d < shape.Rank; d++)
        {
            strides[d] = Stride(shape, wanted, d);
        }

        var result = new float[wanted.Count];
        for (int i = 0; i < result.Length; i++)
        {
            long source = 0;
            long rest = i;
            long step = 1;
            for (int d = shape.Rank - 1; d >= 0; d--)
            {
                source += rest % wanted[d] * strides[d] * step;
                rest /= wanted[d];
                step *= shape[d];
            }

            result[i] = values[source];
        }

        return result;
    }

    private static int Stride(Shape shape, Shape wanted, int d)
    {
        for (int stride = 1; stride <= shape[d]; stride++)
        {
            if ((shape[d] + stride - 1) / stride == wanted[d])
            {
                return stride;
            }
        }

        throw new PerCoException($"The result is {shape}, of which no sub-sampling gives the case's {wanted}.");
    }
}
