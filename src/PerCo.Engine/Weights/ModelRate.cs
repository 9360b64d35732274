namespace PerCo.Engine.Weights;

/// <summary>One rate of a model: the networks that were trained for it, and how it is best decoded.</summary>
public sealed record ModelRate
{
    /// <summary>Position in the model's list of rates.</summary>
    public required int Index { get; init; }

    /// <summary>Bits per pixel of the codes, without the caption; above 0.</summary>
    public required double BitsPerPixel { get; init; }

    /// <summary>Folder of the hyper-encoder and its codebook.</summary>
    public required string HyperEncoderFolder { get; init; }

    /// <summary>Folder of the U-Net; several rates may share one.</summary>
    public required string UNetFolder { get; init; }

    /// <summary>Denoising steps, from 1 to 1000.</summary>
    public required int Steps { get; init; }

    /// <summary>Guidance scale on the text; 1 for none.</summary>
    public required double Guidance { get; init; }
}
