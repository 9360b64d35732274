using System.Text.Json.Nodes;

namespace PerCo.Engine.Cli.Evaluation;

/// <summary>A picture that was encoded and decoded: what that cost, and how close it came.</summary>
internal sealed record EvaluatedPicture
{
    /// <summary>The original's file.</summary>
    public required string File { get; init; }

    /// <summary>Bits per pixel of the codes, by which the model names its rates; 0 without codes.</summary>
    public required double Rate { get; init; }

    public required int Width { get; init; }

    public required int Height { get; init; }

    /// <summary>Bytes of the whole .perco file.</summary>
    public required int Bytes { get; init; }

    /// <summary>Of the whole file, caption and header included.</summary>
    public double BitsPerPixel => 8.0 * Bytes / Width / Height;

    /// <summary>Decibels; infinite for equal pictures.</summary>
    public required double Psnr { get; init; }

    /// <summary>Null where the picture is too small.</summary>
    public required double? MsSsim { get; init; }

    public required double EncodeSeconds { get; init; }

    public required double DecodeSeconds { get; init; }

    public required string Caption { get; init; }

    public JsonObject ToJson() => new()
    {
        ["file"] = File,
        ["rate"] = Math.Round(Rate, 6),
        ["width"] = Width,
        ["height"] = Height,
        ["bytes"] = Bytes,
        ["bpp"] = Math.Round(BitsPerPixel, 6),

        // JSON has no infinity.
        ["psnr-rgb"] = double.IsFinite(Psnr) ? Math.Round(Psnr, 4) : null,
        ["ms-ssim-rgb"] = MsSsim is { } similarity ? Math.Round(similarity, 6) : null,
        ["encoding_time"] = Math.Round(EncodeSeconds, 4),
        ["decoding_time"] = Math.Round(DecodeSeconds, 4),
        ["caption"] = Caption,
    };
}
