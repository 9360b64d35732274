using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.Vae;

/// <summary>
/// The fields of a diffusers AutoencoderKL's config.json; defaults are that class's (diffusers 0.27), not Stable
/// Diffusion's.
/// </summary>
internal sealed record VaeConfig
{
    /// <summary>Added to the variance in every norm: a constant of the class, no field.</summary>
    internal const float Epsilon = 1e-6f;

    private static readonly HashSet<string> Known =
    [
        "act_fn", "block_out_channels", "down_block_types", "force_upcast", "in_channels", "latent_channels",
        "latents_mean", "latents_std", "layers_per_block", "mid_block_add_attention", "norm_num_groups", "out_channels",
        "sample_size", "scaling_factor", "shift_factor", "up_block_types", "use_post_quant_conv", "use_quant_conv",
    ];

    /// <summary>Channels of the picture that goes in.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the picture that comes out.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>
    /// Channels at each resolution, the picture's own first; each further one halves height and width.
    /// </summary>
    public IReadOnlyList<int> BlockOutChannels { get; init; } = [64];

    /// <summary>Residual blocks a resolution in the encoder; the decoder has one more.</summary>
    public int LayersPerBlock { get; init; } = 1;

    /// <summary>Channels of the latent.</summary>
    public int LatentChannels { get; init; } = 4;

    /// <summary>Groups of every GroupNorm.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>
    /// The latent is multiplied by this before diffusion and divided by it before decoding: it brings the training
    /// set's latents to a deviation of 1 (Rombach et al. 2022, sec. D.1).
    /// </summary>
    public float ScalingFactor { get; init; } = 0.18215f;

    /// <summary>Whether the network overflows in half precision; attention is then computed in fp32.</summary>
    public bool ForceUpcast { get; init; } = true;

    /// <summary>Pixels that one latent position stands for, in rows and in columns.</summary>
    public int Downscale => 1 << (BlockOutChannels.Count - 1);

    /// <summary>Reads a config.json.</summary>
    /// <exception cref="PerCoException">
    /// A field is damaged, out of range, or asks for what is not supported.
    /// </exception>
    public static VaeConfig Read(ConfigReader config)
    {
        config.RequireClass("AutoencoderKL");
        config.RefuseUnknown(Known);
        config.RefuseAny("latents_mean", "latents_std", "shift_factor");
        config.RefuseUnless(true, "mid_block_add_attention", "use_quant_conv", "use_post_quant_conv");
        config.OneOf("act_fn", "silu", "silu", "swish");

        var defaults = new VaeConfig();
        int groups = config.Int("norm_num_groups", defaults.NormNumGroups, 1, ConfigGuard.MaxChannels);
        int[] channels = config.Ints("block_out_channels", [.. defaults.BlockOutChannels], 1, ConfigGuard.MaxChannels);
        if (channels.Length is 0 or > 8)
        {
            throw config.Error("block_out_channels", $"has {channels.Length} entries, expected 1 to 8");
        }

        if (Array.Find(channels, c => c % groups != 0) is var odd and not 0)
        {
            throw config.Error("block_out_channels", $"contains {odd}, expected multiples of norm_num_groups, "
                + $"{groups}");
        }

        RequireBlocks(config, "down_block_types", "DownEncoderBlock2D", channels.Length);
        RequireBlocks(config, "up_block_types", "UpDecoderBlock2D", channels.Length);
        return new VaeConfig
        {
            InChannels = config.Int("in_channels", defaults.InChannels, 1, ConfigGuard.MaxChannels),
            OutChannels = config.Int("out_channels", defaults.OutChannels, 1, ConfigGuard.MaxChannels),
            BlockOutChannels = channels,
            LayersPerBlock = config.Int("layers_per_block", defaults.LayersPerBlock, 1, ConfigGuard.MaxLayers),
            LatentChannels = config.Int("latent_channels", defaults.LatentChannels, 1, ConfigGuard.MaxChannels),
            NormNumGroups = groups,
            ScalingFactor = config.Float("scaling_factor", defaults.ScalingFactor, 1e-6f, 1e6f),
            ForceUpcast = config.Bool("force_upcast", defaults.ForceUpcast),
        };
    }

    private static void RequireBlocks(ConfigReader config, string name, string type, int count)
    {
        string[] types = config.Strings(name, [type]);
        if (types.Length != count)
        {
            throw config.Error(name, $"has {types.Length} entries, expected {count} as in block_out_channels");
        }

        if (Array.Find(types, t => t != type) is { } other)
        {
            throw config.Error(name, $"contains '{other}', expected {type}");
        }
    }
}
