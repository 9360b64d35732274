using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.UNet;

/// <summary>Reads and checks a <see cref="UNetConfig"/>.</summary>
internal static class UNetConfigReader
{
    // The coarsest resolution is 2^-7 of the latent's, itself an eighth of the picture's.
    private const int MaxBlocks = 8;

    private static readonly HashSet<string> Known =
    [
        "act_fn", "addition_embed_type", "addition_embed_type_num_heads", "addition_time_embed_dim",
        "attention_head_dim", "attention_type", "block_out_channels", "center_input_sample", "class_embed_type",
        "class_embeddings_concat", "conv_in_kernel", "conv_out_kernel", "cross_attention_dim", "cross_attention_norm",
        "down_block_types", "downsample_padding", "dropout", "dual_cross_attention", "encoder_hid_dim",
        "encoder_hid_dim_type", "flip_sin_to_cos", "freq_shift", "in_channels", "layers_per_block",
        "mid_block_only_cross_attention", "mid_block_scale_factor", "mid_block_type", "norm_eps", "norm_num_groups",
        "num_attention_heads", "num_class_embeds", "only_cross_attention", "out_channels",
        "projection_class_embeddings_input_dim", "resnet_out_scale_factor", "resnet_skip_time_act",
        "resnet_time_scale_shift", "reverse_transformer_layers_per_block", "sample_size", "time_cond_proj_dim",
        "time_embedding_act_fn", "time_embedding_dim", "time_embedding_type", "timestep_post_act",
        "transformer_layers_per_block", "up_block_types", "upcast_attention", "use_linear_projection",

        // What diffusers' EMAModel writes beside a U-Net's own fields; training's alone.
        "decay", "inv_gamma", "min_decay", "optimization_step", "power", "update_after_step", "use_ema_warmup",
    ];

    public static UNetConfig Read(ConfigReader config)
    {
        config.RequireClass("UNet2DConditionModel");
        RefuseUnsupported(config);

        var defaults = new UNetConfig();
        int[] channels = config.Ints("block_out_channels", [.. defaults.BlockOutChannels], 1, ConfigGuard.MaxChannels);
        if (channels.Length is 0 or > MaxBlocks)
        {
            throw config.Error("block_out_channels", $"has {channels.Length} entries, expected 1 to {MaxBlocks}");
        }

        var result = new UNetConfig
        {
            InChannels = config.Int("in_channels", defaults.InChannels, 1, ConfigGuard.MaxChannels),
            OutChannels = config.Int("out_channels", defaults.OutChannels, 1, ConfigGuard.MaxChannels),
            BlockOutChannels = channels,
            DownAttention = Attention(config, "down_block_types", "DownBlock2D", defaults.DownAttention,
                channels.Length),
            UpAttention = Attention(config, "up_block_types", "UpBlock2D", defaults.UpAttention, channels.Length),
            LayersPerBlock = PerBlock(config, "layers_per_block", 2, channels.Length, ConfigGuard.MaxLayers),
            TransformerLayersPerBlock = PerBlock(
                config, "transformer_layers_per_block", 1, channels.Length, ConfigGuard.MaxLayers),
            AttentionHeads = PerBlock(config, "attention_head_dim", 8, channels.Length, ConfigGuard.MaxChannels),
            CrossAttentionDim = PerBlock(config, "cross_attention_dim", 1280, channels.Length, ConfigGuard.MaxChannels),
            UpcastAttention = config.Bool("upcast_attention", defaults.UpcastAttention),
            NormNumGroups = config.Int("norm_num_groups", defaults.NormNumGroups, 1, ConfigGuard.MaxChannels),
            NormEps = config.Float("norm_eps", defaults.NormEps, 0, 1),
            DownsamplePadding = config.Int("downsample_padding", defaults.DownsamplePadding, 0, 1),
            ConvInKernel = OddKernel(config, "conv_in_kernel", defaults.ConvInKernel),
            ConvOutKernel = OddKernel(config, "conv_out_kernel", defaults.ConvOutKernel),
            FlipSinToCos = config.Bool("flip_sin_to_cos", defaults.FlipSinToCos),
            FreqShift = config.Int("freq_shift", defaults.FreqShift, 0, 1),
            TimeEmbeddingDim = config.Int("time_embedding_dim", 4 * channels[0], 1, 4 * ConfigGuard.MaxChannels),
        };

        RequireMultiples(config, result);
        return result;
    }

    private static void RefuseUnsupported(ConfigReader config)
    {
        config.RefuseUnknown(Known);
        config.RefuseAny(
            "addition_embed_type", "class_embed_type", "cross_attention_norm", "encoder_hid_dim",
                "encoder_hid_dim_type",
            "num_attention_heads", "num_class_embeds", "reverse_transformer_layers_per_block", "time_cond_proj_dim",
            "time_embedding_act_fn", "timestep_post_act");
        config.RefuseUnless(
            false, "center_input_sample", "class_embeddings_concat", "dual_cross_attention",
            "mid_block_only_cross_attention", "resnet_skip_time_act");
        config.RefuseNull("mid_block_type", "norm_num_groups");
        config.OneOf("act_fn", "silu", "silu", "swish");
        config.OneOf("attention_type", "default", "default");
        config.OneOf("mid_block_type", "UNetMidBlock2DCrossAttn", "UNetMidBlock2DCrossAttn");
        config.OneOf("resnet_time_scale_shift", "default", "default");
        config.OneOf("time_embedding_type", "positional", "positional");
        RequireOne(config, "mid_block_scale_factor");
        RequireOne(config, "resnet_out_scale_factor");
        if (config.Bools("only_cross_attention", []).Contains(true))
        {
            throw config.Error(
                "only_cross_attention", "asks for blocks without self-attention, which is not supported");
        }
    }

    private static void RequireOne(ConfigReader config, string name)
    {
        if (config.Double(name, 1) is var scale and not 1)
        {
            throw config.Error(name, $"is {scale}, which is not supported, expected 1");
        }
    }

    private static int[] PerBlock(ConfigReader config, string name, int fallback, int count, int max)
    {
        var same = new int[count];
        Array.Fill(same, fallback);
        return config.Ints(name, same, 1, max, count);
    }

    private static bool[] Attention(
        ConfigReader config, string name, string plain, IReadOnlyList<bool> fallback, int count)
    {
        string attending = "CrossAttn" + plain;
        string[] types = config.Strings(name, [.. fallback.Select(attends => attends ? attending : plain)]);
        if (types.Length != count)
        {
            throw config.Error(name, $"has {types.Length} entries, expected {count} as in block_out_channels");
        }

        return Array.ConvertAll(types, type =>
            type == attending || type == plain
                ? type == attending
                : throw config.Error(name, $"contains '{type}', expected {plain} or {attending}"));
    }

    private static int OddKernel(ConfigReader config, string name, int fallback)
    {
        int kernel = config.Int(name, fallback, 1, 15);
        return kernel % 2 == 1 ? kernel : throw config.Error(name, $"is {kernel}, expected an odd number");
    }

    private static void RequireMultiples(ConfigReader config, UNetConfig result)
    {
        int count = result.BlockOutChannels.Count;
        for (int i = 0; i < count; i++)
        {
            int channels = result.BlockOutChannels[i];
            if (channels % result.NormNumGroups != 0)
            {
                throw config.Error(
                    "block_out_channels",
                    $"contains {channels}, expected multiples of norm_num_groups, {result.NormNumGroups}");
            }

            bool attends = result.DownAttention[i] || result.UpAttention[count - 1 - i] || i == count - 1;
            if (attends && channels % result.AttentionHeads[i] != 0)
            {
                throw config.Error(
                    "attention_head_dim",
                    $"is {result.AttentionHeads[i]} (heads) for {channels} channels, expected a divisor of them");
            }
        }
    }
}
