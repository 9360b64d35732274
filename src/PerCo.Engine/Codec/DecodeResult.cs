using PerCo.Engine.Imaging;

namespace PerCo.Engine.Codec;

/// <summary>A decoded picture and how it was drawn.</summary>
/// <param name="Image">The picture, of the original's size.</param>
/// <param name="Seed">Seed of the starting noise.</param>
/// <param name="Steps">Denoising steps.</param>
/// <param name="Guidance">Guidance scale on the caption.</param>
/// <param name="Stages">What it took.</param>
public sealed record DecodeResult(
    Image Image, ulong Seed, int Steps, double Guidance, IReadOnlyList<StageReport> Stages)
{
    /// <summary>Guidance scale on the codes; 1 is none.</summary>
    public double CodesGuidance { get; init; } = 1;

    /// <summary>Sampler, where it was not the model's.</summary>
    public string? Scheduler { get; init; }

    /// <summary>
    /// Text chunks for the picture's file, which say that it is a reconstruction and how to repeat it.
    /// </summary>
    /// <param name="model">The model that drew it.</param>
    public IReadOnlyList<ImageText> Notes(PerCoModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return ReconstructionNotes.Of(model.Folder.Id, this);
    }
}
