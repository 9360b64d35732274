using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.HyperEncoder;

/// <summary>The fields of a PerCo (SD) HyperEncoder's config.json, with that class's defaults.</summary>
internal sealed record HyperEncoderConfig
{
    /// <summary>
    /// Rows and columns of a 512×512 picture's latent, which <see cref="SpatialSize"/> is relative to.
    /// </summary>
    private const int LatentSize = 64;

    private static readonly HashSet<string> Known =
        ["M", "N", "cfg_cs", "cfg_ss", "codebook_dim", "heads", "in_channels"];

    /// <summary>Channels of the latent (<c>in_channels</c>).</summary>
    public int InChannels { get; init; } = 4;

    /// <summary>Channels within the network (<c>N</c>).</summary>
    public int HiddenChannels { get; init; } = 192;

    /// <summary>Channels of the features z_l that the U-Net reads (<c>M</c>).</summary>
    public int FeatureChannels { get; init; } = 320;

    /// <summary>Length of a code (<c>codebook_dim</c>).</summary>
    public int CodebookDim { get; init; } = 32;

    /// <summary>Rows and columns of codes for a picture of 512×512: 64, 32, 16 or 8 (<c>cfg_ss</c>).</summary>
    public int SpatialSize { get; init; } = 64;

    /// <summary>Number of codes (<c>cfg_cs</c>).</summary>
    public int CodebookSize { get; init; } = 256;

    /// <summary>
    /// Codebooks a position: more than 1 is product quantisation. PerCo (SD) has no such field; <c>heads</c> is what
    /// vector-quantize-pytorch calls it, with a codebook of its own for each.
    /// </summary>
    public int Codebooks { get; init; } = 1;

    /// <summary>Channels that the quantiser shares out among its codebooks.</summary>
    public int QuantiserChannels => Codebooks * CodebookDim;

    /// <summary>Latent positions that one code stands for, in rows and in columns.</summary>
    public int Downscale => LatentSize / SpatialSize;

    /// <summary>
    /// Rows (or columns) of codes for that many rows of a latent; a part of a code's rows counts as whole.
    /// </summary>
    public int GridExtent(int latentExtent) => (int)(((long)latentExtent + Downscale - 1) / Downscale);

    /// <summary>Reads a config.json.</summary>
    /// <exception cref="PerCoException">A field is damaged, out of range, or unknown.</exception>
    public static HyperEncoderConfig Read(ConfigReader config)
    {
        config.RequireClass("HyperEncoder");
        config.RefuseUnknown(Known);

        var defaults = new HyperEncoderConfig();
        int features = config.Int("M", defaults.FeatureChannels, 2, ConfigGuard.MaxChannels);
        int size = config.Int("cfg_ss", defaults.SpatialSize, 1, LatentSize);
        if (size is not (8 or 16 or 32 or 64))
        {
            throw config.Error("cfg_ss", $"is {size}, expected 8, 16, 32 or 64");
        }

        return new HyperEncoderConfig
        {
            InChannels = config.Int("in_channels", defaults.InChannels, 1, ConfigGuard.MaxChannels),
            HiddenChannels = config.Int("N", defaults.HiddenChannels, 2, ConfigGuard.MaxChannels),
            FeatureChannels = features,
            CodebookDim = config.Int(
                "codebook_dim", config.Names.Contains("codebook_dim") ? features : defaults.CodebookDim, 1,
                ConfigGuard.MaxChannels),
            SpatialSize = size,
            // A file has no place for more, and none for codes that are always the same.
            CodebookSize = config.Int("cfg_cs", defaults.CodebookSize, 2, 1 << 20),
            Codebooks = config.Int("heads", defaults.Codebooks, 1, 64),
        };
    }
}
