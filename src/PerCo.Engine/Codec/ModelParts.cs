using PerCo.Engine.Imaging;
using PerCo.Engine.Networks.ClipText;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tokenizers;

namespace PerCo.Engine.Codec;

/// <summary>
/// Whether the parts of a model folder fit each other. Each part is right by itself; folders that were put together
/// from several models are not, which their configurations tell before anything is computed.
/// </summary>
/// <param name="folder">The model folder, for messages.</param>
internal sealed class ModelParts(string folder)
{
    /// <summary>The autoencoder's encoder, and what makes codes of its latents.</summary>
    /// <exception cref="PerCoException">They do not fit.</exception>
    public void CheckEncoder(VaeConfig vae, HyperEncoderConfig hyperEncoder)
    {
        Require(vae.InChannels, Image.Channels, "the autoencoder takes pictures of", "expected are");
        Require(
            hyperEncoder.InChannels, vae.LatentChannels, "the hyper-encoder takes latents of",
            "the autoencoder makes them of");
    }

    /// <summary>What draws latents, and the autoencoder's decoder.</summary>
    /// <exception cref="PerCoException">They do not fit.</exception>
    public void CheckDecoder(VaeConfig vae, UNetConfig unet, ClipTextConfig text)
    {
        Require(vae.OutChannels, Image.Channels, "the autoencoder makes pictures of", "expected are");
        Require(
            unet.InChannels, vae.LatentChannels, "the U-Net takes latents of", "the autoencoder's have");
        Require(
            unet.OutChannels, vae.LatentChannels, "the U-Net makes latents of", "the autoencoder's have");
        foreach (int width in unet.CrossAttentionDim)
        {
            Require(width, text.HiddenSize, "the U-Net takes text features of", "the text encoder's have");
        }
    }

    /// <summary>What the U-Net reads beside the latent, and what the codes stand for.</summary>
    /// <exception cref="PerCoException">They do not fit.</exception>
    public void CheckFeatures(UNet unet, HyperEncoderConfig hyperEncoder) => Require(
        unet.LocalChannels, hyperEncoder.FeatureChannels, "the U-Net takes features of codes of",
        "the hyper-encoder's have");

    /// <summary>The tokenizer and the text encoder.</summary>
    /// <exception cref="PerCoException">They do not fit.</exception>
    public void CheckText(ClipTokenizer tokenizer, ClipTextConfig text)
    {
        if (tokenizer.MaxId >= text.VocabularySize)
        {
            throw Mismatch(
                $"the tokenizer has ids up to {tokenizer.MaxId}, the text encoder below {text.VocabularySize}");
        }

        if (text.MaxPositions < 2)
        {
            throw Mismatch($"the text encoder has {text.MaxPositions} positions, expected 2 for start and end");
        }
    }

    private void Require(int got, int expected, string what, string other)
    {
        if (got != expected)
        {
            throw Mismatch($"{what} {got} channels, {other} {expected}");
        }
    }

    private PerCoException Mismatch(string difference) =>
        new($"{folder}: {difference}. Do all parts of the folder belong to one model?");
}
