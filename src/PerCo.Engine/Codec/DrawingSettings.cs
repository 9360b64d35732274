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

    /// <summary>As <see cref="Of"/>, for a file that is about to be drawn.</summary>
    /// <exception cref="PerCoException">Also where the file is another model's and the options say no.</exception>
    public static DrawingSettings ForFile(PerCoModel model, PerCoFile file, DecodeOptions options)
    {
        if (file.ModelIdentity != model.Folder.Identity && !options.AnyModel)
        {
            throw new PerCoException(
                $"The file was made with model {file.ModelIdentity:x8}, but '{model.Folder.Id}' is "
                + $"{model.Folder.Identity:x8}. Choose its model, or try this one all the same.")
            {
                Remedies = [Remedy.Model, Remedy.AnyModel],
            };
        }

        return Of(model, file, options);
    }

    /// <summary>What all files of a batch have in common.</summary>
    /// <exception cref="PerCoException">As <see cref="ForFile"/>.</exception>
    /// <exception cref="ArgumentException">
    /// No files, files that could not be written, or files that do not share a batch.
    /// </exception>
    public static DrawingSettings ForBatch(
        PerCoModel model, IReadOnlyList<DecodeRequest> requests, DecodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(requests);
        if (requests.Count == 0 || requests.Any(request => request?.File is null))
        {
            throw new ArgumentException("A file to decode is missing.", nameof(requests));
        }

        foreach (DecodeRequest request in requests)
        {
            PerCoFileWriter.Check(request.File);
        }

        DrawingSettings settings = ForFile(model, requests[0].File, options);
        foreach (DecodeRequest request in requests.Skip(1))
        {
            DrawingSettings other = ForFile(model, request.File, options);
            if (other != settings)
            {
                throw new ArgumentException(
                    $"A batch has one size, rate and guidance and one number of steps, but has {settings} and {other}. "
                    + "Decode them in batches of their own.",
                    nameof(requests));
            }
        }

        return settings;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Geometry.PaddedWidth}x{Geometry.PaddedHeight} pixels with {Grid}, {Steps} steps, guidance {TextScale:0.##}");
}
