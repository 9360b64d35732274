using System.Buffers;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// A weight in the order that the kernels read it: panels of <see cref="GemmKernels.Width"/> columns,
/// [panel][k][width],
/// and a bias in the same order of columns. The last panel is half as wide where that suffices. Values are fp32, or
/// narrower with a factor a column.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    private readonly NativeBuffer? _values;
    private readonly NativeBuffer? _factors;
    private readonly NativeBuffer? _bias;
    private readonly float* _borrowed;

    // Panels that others own, with the layout of another matrix, but for K.
    private PackedMatrix(PackedMatrix layout, int k, float* first)
    {
        Kernels = layout.Kernels;
        Format = PanelFormat.Fp32;
        K = k;
        Columns = layout.Columns;
        IsPaired = layout.IsPaired;
        Panels = layout.Panels;
        LastVectors = layout.LastVectors;
        _borrowed = first;
    }

    private PackedMatrix(GemmKernels kernels, int k, int columns, bool paired, PanelFormat format)
    {
        Kernels = kernels;
        Format = format;
        K = RoundUp(k, GemmKernels.KMultiple);
        Columns = columns;
        IsPaired = paired;
        int width = kernels.Width;
        Panels = paired ? DivideUp(columns / 2, width / 2) : DivideUp(columns, width);
        int last = columns - (Panels - 1) * width;
        LastVectors = !paired && last <= kernels.Lanes ? 1 : width / kernels.Lanes;
        long packed = ((long)(Panels - 1) * width + LastVectors * kernels.Lanes) * K;
        _values = new NativeBuffer(
            (packed * format.Size() + sizeof(float) - 1) / sizeof(float), zeroed: format != PanelFormat.Fp32);
        _factors = format == PanelFormat.Fp32 ? null : new NativeBuffer((long)Panels * width);
        _bias = new NativeBuffer((long)Panels * width);
    }

    /// <summary>How the values are stored.</summary>
    public PanelFormat Format { get; }

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
    public long Bytes => (_values?.Bytes ?? 0) + (_factors?.Bytes ?? 0) + (_bias?.Bytes ?? 0);

    /// <summary>The bias by panels, with zeros behind the last column.</summary>
    public float* Bias => _bias!.Values;

    /// <summary>Number of values in <see cref="Bias"/>.</summary>
    public int PaddedColumns => Panels * Kernels.Width;

    private float* First => _values is null ? _borrowed : _values.Values;

    /// <summary>[k][width] of a panel of fp32 values.</summary>
    public float* Panel(int panel) => First + (long)panel * K * Kernels.Width;

    /// <summary>[k][width] of a panel as it is stored.</summary>
    public byte* Stored(int panel) => (byte*)First + (long)panel * K * Kernels.Width * Format.Size();

    /// <summary>The factors of a panel's columns, where the values are narrower than fp32.</summary>
    public float* Factors(int panel) => _factors!.Values + (long)panel * Kernels.Width;

    /// <summary>
    /// Rows <paramref name="k0"/> to <paramref name="k0"/> + <paramref name="k"/> of a panel in fp32: where they are,
    /// or widened into <paramref name="scratch"/>.
    /// </summary>
    public float* Widen(int panel, long k0, long k, float* scratch)
    {
        int vectors = Vectors(panel);
        long skipped = k0 * vectors * Kernels.Lanes;
        if (Format == PanelFormat.Fp32)
        {
            return Panel(panel) + skipped;
        }

        Kernels.Narrow(Format).Widen(Stored(panel) + skipped * Format.Size(), k, vectors, Factors(panel), scratch);
        return scratch;
    }

    /// <summary>Vectors that a panel is wide.</summary>
    public int Vectors(int panel) => panel == Panels - 1 ? LastVectors : Kernels.Width / Kernels.Lanes;

    /// <summary>Packs a matrix; in fp32 where the format cannot hold a column.</summary>
    public static PackedMatrix Pack(
        WorkerPool pool, GemmKernels kernels, MatrixSource source, HostTensor? bias, bool paired, PanelFormat format)
    {
        var packed = new PackedMatrix(kernels, source.K, source.Columns, paired, format);
        int unfit = 0;
        pool.For(packed.Panels, panel =>
        {
            if (format == PanelFormat.Fp32)
            {
                packed.Fill(source, panel);
            }
            else if (!packed.FillNarrow(source, panel))
            {
                Interlocked.Exchange(ref unfit, 1);
            }
        });
        if (unfit != 0)
        {
            packed.Dispose();
            return Pack(pool, kernels, source, bias, paired, PanelFormat.Fp32);
        }

        packed.SetBias(bias);
        return packed;
    }

    /// <summary>Memory in bytes of a matrix that is not packed yet.</summary>
    public static long BytesOf(GemmKernels kernels, int k, int columns, bool paired, PanelFormat format)
    {
        int panels = paired ? DivideUp(columns / 2, kernels.Width / 2) : DivideUp(columns, kernels.Width);
        long places = (long)panels * kernels.Width;
        return RoundUp(k, GemmKernels.KMultiple) * places * format.Size()
            + (format == PanelFormat.Fp32 ? 1 : 2) * places * sizeof(float);
    }

    /// <summary>A matrix in fp32 whose values are still to be written, all of them.</summary>
    public static PackedMatrix Unwritten(GemmKernels kernels, int k, int columns, HostTensor? bias)
    {
        var packed = new PackedMatrix(kernels, k, columns, paired: false, PanelFormat.Fp32);
        packed.SetBias(bias);
        return packed;
    }

    /// <summary>
    /// A view of fp32 panels from <paramref name="firstPanel"/> on that lie at <paramref name="values"/>, without a
    /// bias; their columns are those of <paramref name="layout"/>.
    /// </summary>
    public static PackedMatrix Borrow(PackedMatrix layout, int k, float* values, int firstPanel) =>
        new(layout, k, values - (long)firstPanel * k * layout.Kernels.Width);

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
        _values?.Dispose();
        _factors?.Dispose();
        _bias?.Dispose();
    }

    internal static int DivideUp(int value, int divisor) => (int)(((long)value + divisor - 1) / divisor);

    internal static int RoundUp(int value, int multiple) => checked(DivideUp(value, multiple) * multiple);

    private void Fill(MatrixSource source, int panel)
    {
        int width = Vectors(panel) * Kernels.Lanes;
        float* values = Panel(panel);
        source.FillPanel(this, panel, values);
        new Span<float>(values + (long)source.K * width, (K - source.K) * width).Clear();
    }

    // False where a column does not fit into the format.
    private bool FillNarrow(MatrixSource source, int panel)
    {
        int width = Vectors(panel) * Kernels.Lanes;
        float[] values = ArrayPool<float>.Shared.Rent(source.K);
        bool fits = true;
        for (int place = 0; place < width && fits; place++)
        {
            int column = ColumnAt(panel, place);
            if (column >= 0)
            {
                source.ReadColumn(column, values.AsSpan(0, source.K));
                fits = NarrowColumn.Store(
                    values.AsSpan(0, source.K), Format, Stored(panel) + place * Format.Size(), width,
                    out Factors(panel)[place]);
            }
        }

        ArrayPool<float>.Shared.Return(values);
        return fits;
    }

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
