using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// A weight in the order that the kernels read it: panels of <see cref="GemmKernels.Width"/> columns,
/// [panel][k][width],
/// and a bias in the same order of columns. The last panel is half as wide where that suffices.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    private readonly NativeBuffer _values;
    private readonly NativeBuffer _bias;

    private PackedMatrix(GemmKernels kernels, int k, int columns, bool paired)
    {
        Kernels = kernels;
        K = RoundUp(k, GemmKernels.KMultiple);
        Columns = columns;
        IsPaired = paired;
        int width = kernels.Width;
        Panels = paired ? DivideUp(columns / 2, width / 2) : DivideUp(columns, width);
        int last = columns - (Panels - 1) * width;
        LastVectors = !paired && last <= kernels.Lanes ? 1 : width / kernels.Lanes;
        long packed = ((long)(Panels - 1) * width + LastVectors * kernels.Lanes) * K;
        _values = new NativeBuffer(packed);
        _bias = new NativeBuffer((long)Panels * width);
    }

    /// <summary>The kernels that the panels are made for.</summary>
    public GemmKernels Kernels { get; }

    /// <summary>Rows of the panels: the product's inner extent, rounded up with zeros.</summary>
    public int K { get; }

    /// <summary>Columns of the product.</summary>
    public int Columns { get; }

    /// <summary>
    /// Whether a panel's first half are columns of the product's first half, and its second half their partners in the
    /// product's second half: GEGLU then finds both factors in one tile.
    /// </summary>
    public bool IsPaired { get; }

    /// <summary>Number of panels.</summary>
    public int Panels { get; }

    /// <summary>Vectors that the last panel is wide.</summary>
    public int LastVectors { get; }

    /// <summary>Memory in bytes.</summary>
    public long Bytes => _values.Bytes + _bias.Bytes;

    /// <summary>The bias by panels, with zeros behind the last column.</summary>
    public float* Bias => _bias.Values;

    /// <summary>Number of values in <see cref="Bias"/>.</summary>
    public int PaddedColumns => Panels * Kernels.Width;

    /// <summary>[k][width] of a panel.</summary>
    public float* Panel(int panel) => _values.Values + (long)panel * K * Kernels.Width;

    /// <summary>Vectors that a panel is wide.</summary>
    public int Vectors(int panel) => panel == Panels - 1 ? LastVectors : Kernels.Width / Kernels.Lanes;

    /// <summary>Packs a weight [columns, k].</summary>
    public static PackedMatrix FromLinear(
        WorkerPool pool, GemmKernels kernels, HostTensor weight, HostTensor? bias, bool paired) =>
        Create(pool, kernels, weight.Shape[1], weight.Shape[0], bias, paired, weight.CopyRowTo);

    /// <summary>
    /// Packs a convolution's weight [columns, inputs, kh, kw]; k is (kh, kw, input), as pixels lie in memory.
    /// </summary>
    public static PackedMatrix FromConv2d(WorkerPool pool, GemmKernels kernels, HostTensor weight, HostTensor? bias)
    {
        int inputs = weight.Shape[1];
        int taps = weight.Shape[2] * weight.Shape[3];
        int k = checked(inputs * taps);
        return Create(pool, kernels, k, weight.Shape[0], bias, paired: false, (column, values) =>
        {
            var row = new float[k];
            weight.CopyRowTo(column, row);
            for (int tap = 0; tap < taps; tap++)
            {
                for (int i = 0; i < inputs; i++)
                {
                    values[tap * inputs + i] = row[i * taps + tap];
                }
            }
        });
    }

    /// <summary>Packs columns that a function writes, k zeros each before it does.</summary>
    public static PackedMatrix Create(
        WorkerPool pool, GemmKernels kernels, int k, int columns, HostTensor? bias, bool paired, ColumnReader read)
    {
        var packed = new PackedMatrix(kernels, k, columns, paired);
        packed.SetBias(bias);
        pool.For(packed.Panels, panel =>
        {
            int width = packed.Vectors(panel) * kernels.Lanes;
            var values = new float[k];
            for (int place = 0; place < width; place++)
            {
                int column = packed.ColumnAt(panel, place);
                if (column >= 0)
                {
                    Array.Clear(values);
                    read(column, values);
                    float* to = packed.Panel(panel) + place;
                    for (int i = 0; i < k; i++)
                    {
                        to[(long)i * width] = values[i];
                    }
                }
            }
        });
        return packed;
    }

    /// <summary>The column of the product at a place of the panels, or -1 for padding.</summary>
    public int ColumnAt(int panel, int place)
    {
        int width = Kernels.Width;
        int column = panel * width + place;
        int end = Columns;
        if (IsPaired)
        {
            bool second = place >= width / 2;
            column = panel * (width / 2) + place % (width / 2) + (second ? Columns / 2 : 0);
            end = second ? Columns : Columns / 2;
        }

        return column < end ? column : -1;
    }

    public void Dispose()
    {
        _values.Dispose();
        _bias.Dispose();
    }

    internal static int DivideUp(int value, int divisor) => (int)(((long)value + divisor - 1) / divisor);

    internal static int RoundUp(int value, int multiple) => checked(DivideUp(value, multiple) * multiple);

    private void SetBias(HostTensor? bias)
    {
        if (bias is null)
        {
            return;
        }

        float[] values = bias.ToFloats();
        for (int i = 0; i < PaddedColumns; i++)
        {
            int column = ColumnAt(i / Kernels.Width, i % Kernels.Width);
            Bias[i] = column < 0 ? 0 : values[column];
        }
    }
}

/// <summary>Writes a column of a matrix.</summary>
internal delegate void ColumnReader(int column, Span<float> values);
