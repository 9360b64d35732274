namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>One plane of the picture: brightness, or one of the colours.</summary>
internal sealed class JpegComponent
{
    /// <summary>Samples on a block's side.</summary>
    public const int BlockSide = 8;

    /// <summary>Coefficients of a block.</summary>
    public const int BlockSize = 64;

    // The lowest bit that was read of each coefficient so far, in the file's order; -1 for none.
    private readonly sbyte[] _precision = new sbyte[BlockSize];

    /// <summary>Describes a plane.</summary>
    /// <param name="id">The identifier that scans use.</param>
    /// <param name="horizontal">Blocks across in a unit of all planes, 1 to 4.</param>
    /// <param name="vertical">Blocks down, 1 to 4.</param>
    /// <param name="table">Which quantisation table, 0 to 3.</param>
    public JpegComponent(byte id, int horizontal, int vertical, int table)
    {
        Id = id;
        Horizontal = horizontal;
        Vertical = vertical;
        Table = table;
        Array.Fill(_precision, (sbyte)-1);
    }

    /// <summary>The identifier that scans use.</summary>
    public byte Id { get; }

    /// <summary>Blocks across in a unit of all planes.</summary>
    public int Horizontal { get; }

    /// <summary>Blocks down in a unit of all planes.</summary>
    public int Vertical { get; }

    /// <summary>Which quantisation table.</summary>
    public int Table { get; }

    /// <summary>Columns of samples that belong to the picture.</summary>
    public int Width { get; private set; }

    /// <summary>Rows of samples that belong to the picture.</summary>
    public int Height { get; private set; }

    /// <summary>Blocks across that hold such samples.</summary>
    public int BlocksWide => (Width + BlockSide - 1) / BlockSide;

    /// <summary>Blocks down that hold such samples.</summary>
    public int BlocksHigh => (Height + BlockSide - 1) / BlockSide;

    /// <summary>Blocks across with those that only fill units.</summary>
    public int PaddedBlocksWide { get; private set; }

    /// <summary>Blocks down with those that only fill units.</summary>
    public int PaddedBlocksHigh { get; private set; }

    /// <summary>Where the samples of a row start from those of the row above, in samples.</summary>
    public int Stride => PaddedBlocksWide * BlockSide;

    /// <summary>The coefficients: block after block in rows, each with 8 rows of 8.</summary>
    public short[] Coefficients { get; private set; } = [];

    /// <summary>The divisors, as 8 rows of 8; fixed by the first scan of the plane. Empty before.</summary>
    public ushort[] Quantization { get; set; } = [];

    /// <summary>The samples, <see cref="Stride"/> a row; empty before <see cref="Render"/>.</summary>
    public byte[] Samples { get; private set; } = [];

    /// <summary>Lays the plane out in a frame.</summary>
    /// <param name="frame">Sides and the largest sampling factors.</param>
    public void Place(JpegFrame frame)
    {
        Width = DivideUp(frame.Width * Horizontal, frame.MaxHorizontal);
        Height = DivideUp(frame.Height * Vertical, frame.MaxVertical);
        PaddedBlocksWide = frame.UnitsWide * Horizontal;
        PaddedBlocksHigh = frame.UnitsHigh * Vertical;
    }

    /// <summary>Allocates the coefficients, all zero.</summary>
    public void Allocate() => Coefficients = new short[(long)PaddedBlocksWide * PaddedBlocksHigh * BlockSize];

    /// <summary>Where the coefficients of a block start.</summary>
    /// <param name="x">Blocks from the left.</param>
    /// <param name="y">Blocks from the top.</param>
    public Span<short> Block(int x, int y) =>
        Coefficients.AsSpan(((y * PaddedBlocksWide) + x) * BlockSize, BlockSize);

    /// <summary>Whether the plane has any data.</summary>
    public bool HasData => _precision[0] >= 0;

    /// <summary>The lowest bit that was read so far of a coefficient, in the file's order; -1 for none.</summary>
    public int Precision(int coefficient) => _precision[coefficient];

    /// <summary>Notes that coefficients are being read down to a bit.</summary>
    /// <param name="first">The first coefficient, in the file's order.</param>
    /// <param name="last">The last one.</param>
    /// <param name="bit">The lowest bit.</param>
    public void SetPrecision(int first, int last, int bit) =>
        _precision.AsSpan(first, last - first + 1).Fill((sbyte)bit);

    /// <summary>Turns the coefficients into samples, and lets go of them.</summary>
    public void Render()
    {
        byte[] samples = new byte[Stride * PaddedBlocksHigh * BlockSide];
        for (int y = 0; y < BlocksHigh; y++)
        {
            for (int x = 0; x < BlocksWide; x++)
            {
                int start = (y * BlockSide * Stride) + (x * BlockSide);
                JpegInverseDct.Transform(Block(x, y), Quantization, samples.AsSpan(start), Stride);
            }
        }

        Samples = samples;
        Coefficients = [];
    }

    private static int DivideUp(int value, int divisor) => (value + divisor - 1) / divisor;
}
