using System.Globalization;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>How a file is drawn, as far as all pictures of a batch have it in common.</summary>
/// <param name="Rate">The rate, which decides on the networks.</param>
/// <param name="Grid">The layout of the codes, or none.</param>
/// <param name="Geometry">Size of the latent.</param>
/// <param name="Steps">Denoising steps.</param>
/// <param name="TextScale">Guidance scale on the caption.</param>
/// <param name="CodesScale">Guidance scale on the codes.</param>
internal sealed record DrawingSettings(
    ModelRate Rate, CodeGrid Grid, PictureGeometry Geometry, int Steps, double TextScale, double CodesScale)
{
    /// <summary>Which conditions to evaluate and how to combine them.</summary>
    public Guidance Guidance => Guidance.TextAndCodes((float)TextScale, (float)CodesScale);

    /// <summary>The options override the file, which overrides the model.</summary>
    /// <exception cref="PerCoException">
    /// The file has a grid that no rate of the model has, or a guidance scale beyond what is drawn with.
    /// </exception>
    public static DrawingSettings Of(PerCoModel model, PerCoFile file, DecodeOptions options)
    {
        ModelRate rate = model.Rate(file.Grid);
        if (options.Guidance is null && file.Guidance is { } guidance && !Guidance.IsScale(guidance))
        {
            throw new PerCoException(
                $"The file asks for a guidance scale of {guidance}, expected at most {Guidance.MaxScale}. Choose "
                + "another.") { Remedies = [Remedy.Guidance] };
        }

        return new DrawingSettings(
            rate, file.Grid, PictureGeometry.Of(file.Width, file.Height, file.Grid, model.LatentStride),
            options.Steps ?? file.Steps ?? rate.Steps, options.Guidance ?? file.Guidance ?? rate.Guidance,
            options.CodesGuidance);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Geometry.PaddedWidth}x{Geometry.PaddedHeight} pixels with {Grid}, {Steps} steps, guidance {TextScale:0.##}");
}
