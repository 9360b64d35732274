namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>Which pixels of the picture a run of rows holds: all of them, or one of Adam7's seven passes.</summary>
/// <param name="X">First column.</param>
/// <param name="Y">First row.</param>
/// <param name="StepX">Columns from one pixel to the next.</param>
/// <param name="StepY">Rows from one to the next.</param>
internal readonly record struct PngPass(int X, int Y, int StepX, int StepY)
{
    private static readonly PngPass[] Whole = [new(0, 0, 1, 1)];

    // PNG, section 8.1.
    private static readonly PngPass[] Adam7 =
    [
        new(0, 0, 8, 8),
        new(4, 0, 8, 8),
        new(0, 4, 4, 8),
        new(2, 0, 4, 4),
        new(0, 2, 2, 4),
        new(1, 0, 2, 2),
        new(0, 1, 1, 2),
    ];

    /// <summary>The passes of a file, in order. Those without pixels are absent from the data.</summary>
    public static IEnumerable<PngPass> Of(PngHeader header) =>
        (header.Interlaced ? Adam7 : Whole).Where(p => p.Columns(header.Width) > 0 && p.Rows(header.Height) > 0);

    /// <summary>Pixels in each row of the pass.</summary>
    /// <param name="width">Columns of the picture.</param>
    public int Columns(int width) => Count(width, X, StepX);

    /// <summary>Rows of the pass.</summary>
    /// <param name="height">Rows of the picture.</param>
    public int Rows(int height) => Count(height, Y, StepY);

    // In 64 bits, as a side may be the largest int.
    private static int Count(int size, int start, int step) => (int)(((long)size - start + step - 1) / step);
}
