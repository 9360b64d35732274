namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// What a convolution reads: one source or two whose channels follow each other, as they lie in memory or up-sampled
/// by nearest neighbour.
/// </summary>
internal unsafe struct ConvInput
{
    /// <summary>[batch][source row][source column][first channels].</summary>
    public float* First;

    /// <summary>The same for the other channels, or null.</summary>
    public float* Second;

    /// <summary>Channels of <see cref="First"/>.</summary>
    public int FirstChannels;

    /// <summary>Channels of both.</summary>
    public int Channels;

    /// <summary>Rows, after up-sampling.</summary>
    public int Height;

    /// <summary>Columns, after up-sampling.</summary>
    public int Width;

    /// <summary>Rows in memory.</summary>
    public int SourceHeight;

    /// <summary>Columns in memory.</summary>
    public int SourceWidth;

    /// <summary>The source row of each row, or null where they are the same.</summary>
    public int* SourceRows;

    /// <summary>The source column of each column, or null where they are the same.</summary>
    public int* SourceColumns;

    /// <summary>Whether there is one source that is read as it lies in memory.</summary>
    public readonly bool IsPlain => Second == null && SourceRows == null;

    /// <summary>Whether it is up-sampled to twice its height and width.</summary>
    public readonly bool IsDoubled => SourceRows != null && Height == 2L * SourceHeight && Width == 2L * SourceWidth;

    /// <summary>The position in memory of a pixel that lies within the picture.</summary>
    public readonly long Position(int picture, int y, int x) => SourceRows == null
        ? ((long)picture * SourceHeight + y) * SourceWidth + x
        : ((long)picture * SourceHeight + SourceRows[y]) * SourceWidth + SourceColumns[x];
}
