namespace PerCo.Engine.Codec;

/// <summary>
/// How the codes of a picture are laid out: one position for every <see cref="Stride"/> × <see cref="Stride"/> pixels,
/// <see cref="Books"/> codes a position, each one of <see cref="Entries"/>.
/// </summary>
/// <param name="Stride">Pixels a position covers in each direction: 8, 16, 32, 64 …, a power of two.</param>
/// <param name="Entries">Size of a codebook, at least 2.</param>
/// <param name="Books">Codebooks a position: 1, or more for product quantisation.</param>
public readonly record struct CodeGrid(int Stride, int Entries, int Books = 1)
{
    /// <summary>No codes at all: the caption alone describes the picture.</summary>
    public static readonly CodeGrid None;

    /// <summary>
    /// The rates that PerCo (SD) published models for, in the order of their number in a file. Entries and strides are
    /// its <c>cfg_cs</c> and 512 / <c>cfg_ss</c>; 8196 is not a typing error.
    /// </summary>
    public static readonly IReadOnlyList<CodeGrid> Published =
    [
        new(64, 256),   // 0.0019 bit per pixel at 512 × 512
        new(64, 1024),  // 0.0024
        new(32, 1024),  // 0.0098
        new(16, 256),   // 0.0313
        new(16, 8196),  // 0.0507
        new(8, 64),     // 0.0937
        new(8, 256),    // 0.1250
    ];

    /// <summary>Largest stride that a file may name.</summary>
    public const int MaxStride = 1024;

    /// <summary>Largest codebook that a file may name.</summary>
    public const int MaxEntries = 1 << 20;

    /// <summary>Most codebooks a position that a file may name.</summary>
    public const int MaxBooks = 64;

    /// <summary>Whether there are codes.</summary>
    public bool HasCodes => Stride > 0;

    /// <summary>Columns of the grid for a picture that is <paramref name="width"/> pixels wide.</summary>
    public int Columns(int width) => HasCodes ? Positions(width) : 0;

    /// <summary>Rows of the grid for a picture that is <paramref name="height"/> pixels high.</summary>
    public int Rows(int height) => HasCodes ? Positions(height) : 0;

    /// <summary>Number of codes for a picture.</summary>
    public long Count(int width, int height) => checked((long)Columns(width) * Rows(height) * Books);

    /// <summary>Bits per pixel of the codes, where the picture is a multiple of the grid.</summary>
    public double BitsPerPixel => HasCodes ? Books * Math.Log2(Entries) / ((double)Stride * Stride) : 0;

    /// <inheritdoc/>
    public override string ToString() => HasCodes
        ? $"{Books}×{Entries} codes per {Stride}×{Stride} pixels ({BitsPerPixel:0.0000} bpp)"
        : "no codes";

    private int Positions(int extent) => (int)(((long)extent + Stride - 1) / Stride);
}
