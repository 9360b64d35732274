namespace PerCo.Engine.Backends.Gpu;

/// <summary>
/// The layout of matrices in kernels/product.h: [panels][inputs][64 outputs], zeros beyond the last output, so that a
/// tile is read in whole lines. A panel of GEGLU has 32 values and then their 32 gates.
/// </summary>
internal static class MatrixPanels
{
    /// <summary>TILE_N of product.h.</summary>
    public const int Width = 64;

    /// <summary>Number of panels.</summary>
    public static int Count(int outputs, bool geglu) =>
        geglu ? (outputs / 2 + Width / 2 - 1) / (Width / 2) : (outputs + Width - 1) / Width;

    /// <summary>The output that a column of a panel has, or -1 for padding.</summary>
    public static int Output(int panel, int column, int outputs, bool geglu)
    {
        if (!geglu)
        {
            int output = panel * Width + column;
            return output < outputs ? output : -1;
        }

        int half = outputs / 2, value = panel * (Width / 2) + column % (Width / 2);
        return value >= half ? -1 : column < Width / 2 ? value : half + value;
    }

    /// <summary>Arranges a matrix [outputs, inputs, taps], whose inputs become (tap, input).</summary>
    public static float[] Pack(ReadOnlySpan<float> weight, int outputs, int inputs, int taps, bool geglu)
    {
        int panels = Count(outputs, geglu), rows = checked(inputs * taps);
        var packed = new float[checked((long)panels * rows * Width)];
        for (int panel = 0; panel < panels; panel++)
        {
            for (int column = 0; column < Width; column++)
            {
                int output = Output(panel, column, outputs, geglu);
                if (output < 0)
                {
                    continue;
                }

                ReadOnlySpan<float> source = weight.Slice(output * rows, rows);
                long at = (long)panel * rows * Width + column;
                for (int tap = 0; tap < taps; tap++)
                {
                    for (int i = 0; i < inputs; i++, at += Width)
                    {
                        packed[at] = source[i * taps + tap];
                    }
                }
            }
        }

        return packed;
    }

    /// <summary>Arranges a bias; zeros where there is none.</summary>
    public static float[] PackBias(ReadOnlySpan<float> bias, int outputs, bool geglu)
    {
        var packed = new float[Count(outputs, geglu) * Width];
        for (int i = 0; i < packed.Length && !bias.IsEmpty; i++)
        {
            int output = Output(i / Width, i % Width, outputs, geglu);
            packed[i] = output < 0 ? 0 : bias[output];
        }

        return packed;
    }
}
