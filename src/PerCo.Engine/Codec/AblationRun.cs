using PerCo.Engine.Imaging;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>
/// Encodes and decodes in one go, with parts of what the decoder is given left out or left unquantised.
/// </summary>
public static class AblationRun
{
    /// <summary>Runs both halves of the codec.</summary>
    /// <param name="model">The model.</param>
    /// <param name="image">The picture.</param>
    /// <param name="ablation">What the decoder is given.</param>
    /// <param name="encode">Choices of the encoder.</param>
    /// <param name="decode">Choices of the decoder.</param>
    /// <param name="progress">Is told about the stages of both.</param>
    /// <param name="cancellation">Ends the work between denoising steps, and on the CPU within ops.</param>
    /// <returns>
    /// The file, as it would be stored, and the picture. For <see cref="Ablation.Unquantised"/> and
    /// <see cref="Ablation.Autoencoder"/> the picture is not what that file decodes to.
    /// </returns>
    /// <exception cref="PerCoException">As the encoder and the decoder throw.</exception>
    public static (EncodeResult Encoded, DecodeResult Decoded) Run(
        PerCoModel model, Image image, Ablation ablation, EncodeOptions? encode = null, DecodeOptions? decode = null,
        IProgress<CodecProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (!Enum.IsDefined(ablation))
        {
            throw new ArgumentOutOfRangeException(nameof(ablation), ablation, "No such ablation.");
        }

        var encoder = new PerCoEncoder(model);
        var decoder = new PerCoDecoder(model);
        encode ??= new EncodeOptions();
        EncodeResult encoded = encoder.Encode(
            image,
            ablation switch
            {
                Ablation.Text => encode with { Codes = false },
                Ablation.Codes => encode with { Caption = "" },
                _ => encode,
            },
            progress,
            cancellation);
        PerCoFile file = encoded.File;
        switch (ablation)
        {
            case Ablation.Unquantised:
                ModelRate rate = model.Rate(file.Grid);
                var quantiser = new StageClock(model, null, progress, cancellation);
                using (Tensor features = quantiser.Run(
                    CodecStage.Codes, () => Features(model, encoder, image, file.Grid, rate)))
                {
                    return (encoded, decoder.Decode(file, features, decode, progress, cancellation));
                }

            case Ablation.Autoencoder:
                var clock = new StageClock(model, null, progress, cancellation);
                Image picture = clock.Run(CodecStage.Picture, () =>
                {
                    using Tensor latent = encoder.Latent(image, file.Grid);
                    return decoder.Paint(
                        latent.ToFloats(), PictureGeometry.Of(image.Width, image.Height, file.Grid,
                            model.LatentStride));
                });
                return (encoded, new DecodeResult(
                    picture.Crop(0, 0, image.Width, image.Height), 0, 0, 1, clock.Reports));

            default:
                return (encoded, decoder.Decode(file, decode, progress, cancellation));
        }
    }

    private static Tensor Features(PerCoModel model, PerCoEncoder encoder, Image image, CodeGrid grid, ModelRate rate)
    {
        using Tensor latent = encoder.Latent(image, grid);
        return model.Networks.HyperEncoder(rate).Encode(latent);
    }
}
