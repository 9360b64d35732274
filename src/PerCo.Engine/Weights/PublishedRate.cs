namespace PerCo.Engine.Weights;

/// <summary>
/// The rates of PerCo (SD), config.py of Nikolai10/PerCo: the code grid of a 512 × 512 picture, and the codebook.
/// 0.0507's codebook of 8196 entries is the original's.
/// </summary>
/// <param name="Name">The rate as the original writes it, in bits per pixel without the caption.</param>
/// <param name="BitsPerPixel">The same as a number.</param>
/// <param name="GridAt512">Rows, and columns, of codes at 512 × 512 pixels (<c>cfg_ss</c>).</param>
/// <param name="Codebook">Number of codes (<c>cfg_cs</c>).</param>
public sealed record PublishedRate(string Name, double BitsPerPixel, int GridAt512, int Codebook)
{
    /// <summary>All of them, the highest first.</summary>
    public static IReadOnlyList<PublishedRate> All { get; } =
    [
        new("0.1250", 0.1250, 64, 256),
        new("0.0937", 0.0937, 64, 64),
        new("0.0507", 0.0507, 32, 8196),
        new("0.0313", 0.0313, 32, 256),
        new("0.0098", 0.0098, 16, 1024),
        new("0.0024", 0.0024, 8, 1024),
        new("0.0019", 0.0019, 8, 256),
    ];

    /// <summary>Pixels between neighbouring codes, in both directions.</summary>
    public int Stride => 512 / GridAt512;

    /// <summary>The paper's number of denoising steps: 20 below 0.05 bit per pixel, 5 above (sec. 4.1).</summary>
    public static int StepsAt(double bitsPerPixel) => bitsPerPixel < 0.05 ? 20 : 5;
}
