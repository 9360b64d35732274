using System.Text;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks;

/// <summary>What the networks take from config.json, and what they refuse.</summary>
public sealed class NetworkConfigTests
{
    [Fact]
    public void MissingFieldsAreTheOriginalClassesDefaults()
    {
        VaeConfig vae = VaeConfig.Read(Json("{}"));
        Assert.Equal([64], vae.BlockOutChannels);
        Assert.Equal((1, 4, 32, 1, true), (vae.LayersPerBlock, vae.LatentChannels, vae.NormNumGroups, vae.Downscale,
            vae.ForceUpcast));
        Assert.Equal(0.18215f, vae.ScalingFactor);

        UNetConfig unet = UNetConfig.Read(Json("{}"));
        Assert.Equal([320, 640, 1280, 1280], unet.BlockOutChannels);
        Assert.Equal([true, true, true, false], unet.DownAttention);
        Assert.Equal([false, true, true, true], unet.UpAttention);
        Assert.Equal([2, 2, 2, 2], unet.LayersPerBlock);
        Assert.Equal([8, 8, 8, 8], unet.AttentionHeads);
        Assert.Equal([1280, 1280, 1280, 1280], unet.CrossAttentionDim);
        Assert.Equal((true, 0, 1280, false, 1), (unet.FlipSinToCos, unet.FreqShift, unet.TimeEmbeddingDim,
            unet.UpcastAttention, unet.DownsamplePadding));

        HyperEncoderConfig hyper = HyperEncoderConfig.Read(Json("{}"));
        Assert.Equal((4, 192, 320, 32, 64, 256), (hyper.InChannels, hyper.HiddenChannels, hyper.FeatureChannels,
            hyper.CodebookDim, hyper.SpatialSize, hyper.CodebookSize));
    }

    [Fact]
    public void AReadDefaultEqualsAnUnreadOne()
    {
        Assert.Equal(Describe(new VaeConfig()), Describe(VaeConfig.Read(Json("{}"))));
        Assert.Equal(Describe(new UNetConfig()), Describe(UNetConfig.Read(Json("{}"))));
        Assert.Equal(Describe(new HyperEncoderConfig()), Describe(HyperEncoderConfig.Read(Json("{}"))));
    }

    [Fact]
    public void ListsHaveOneEntryAResolutionAndASingleNumberStandsForAll()
    {
        UNetConfig config = UNetConfig.Read(Json(
            """
            { "block_out_channels": [32, 64], "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
              "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"], "layers_per_block": [1, 3],
              "attention_head_dim": [1, 4], "cross_attention_dim": 48, "transformer_layers_per_block": [2, 5] }
            """));
        Assert.Equal([false, true], config.DownAttention);
        Assert.Equal([true, false], config.UpAttention);
        Assert.Equal([1, 3], config.LayersPerBlock);
        Assert.Equal([1, 4], config.AttentionHeads);
        Assert.Equal([48, 48], config.CrossAttentionDim);
        Assert.Equal([2, 5], config.TransformerLayersPerBlock);
        Assert.Equal(128, config.TimeEmbeddingDim);
    }

    [Theory]
    [InlineData("addition_embed_type", "\"text_time\"")]
    [InlineData("attention_head_dim", "7")]
    [InlineData("attention_type", "\"gated\"")]
    [InlineData("act_fn", "\"gelu\"")]
    [InlineData("block_out_channels", "[]")]
    [InlineData("block_out_channels", "[320, 640, 1280, 1000]")]
    [InlineData("center_input_sample", "true")]
    [InlineData("class_embed_type", "\"timestep\"")]
    [InlineData("class_embeddings_concat", "true")]
    [InlineData("_class_name", "\"AutoencoderKL\"")]
    [InlineData("conv_in_kernel", "2")]
    [InlineData("cross_attention_norm", "\"layer_norm\"")]
    [InlineData("down_block_types", "[\"AttnDownBlock2D\", \"DownBlock2D\", \"DownBlock2D\", \"DownBlock2D\"]")]
    [InlineData("dual_cross_attention", "true")]
    [InlineData("encoder_hid_dim", "1024")]
    [InlineData("layers_per_block", "1000000000")]
    [InlineData("layers_per_block", "[2, 2]")]
    [InlineData("mid_block_scale_factor", "1.5")]
    [InlineData("mid_block_type", "\"UNetMidBlock2D\"")]
    [InlineData("mid_block_type", "null")]
    [InlineData("norm_num_groups", "null")]
    [InlineData("num_attention_heads", "8")]
    [InlineData("num_class_embeds", "10")]
    [InlineData("only_cross_attention", "true")]
    [InlineData("only_cross_attention", "[false, true, false, false]")]
    [InlineData("resnet_skip_time_act", "true")]
    [InlineData("resnet_time_scale_shift", "\"scale_shift\"")]
    [InlineData("time_cond_proj_dim", "256")]
    [InlineData("time_embedding_type", "\"fourier\"")]
    [InlineData("time_embedding_act_fn", "\"silu\"")]
    [InlineData("timestep_post_act", "\"silu\"")]
    [InlineData("transformer_layers_per_block", "[[1, 1], [2, 2], [3, 3], [4, 4]]")]
    [InlineData("up_block_types", "[\"UpBlock2D\"]")]
    [InlineData("an_option_of_tomorrow", "1")]
    public void UNetOptionsThatWouldChangeTheResultAreRefusedByName(string field, string value)
    {
        PerCoException error = Assert.Throws<PerCoException>(()
            => UNetConfig.Read(Json($"{{ \"{field}\": {value} }}")));
        Assert.StartsWith("test.json: field '" + field, error.Message);
    }

    [Theory]
    [InlineData("act_fn", "\"relu\"")]
    [InlineData("block_out_channels", "[64, 48]")]
    [InlineData("down_block_types", "[\"AttnDownEncoderBlock2D\"]")]
    [InlineData("latents_mean", "[0.1, 0.2, 0.3, 0.4]")]
    [InlineData("mid_block_add_attention", "false")]
    [InlineData("scaling_factor", "0")]
    [InlineData("shift_factor", "0.1")]
    [InlineData("up_block_types", "[\"UpDecoderBlock2D\", \"UpDecoderBlock2D\"]")]
    [InlineData("use_quant_conv", "false")]
    public void VaeOptionsThatWouldChangeTheResultAreRefusedByName(string field, string value)
    {
        PerCoException error = Assert.Throws<PerCoException>(() => VaeConfig.Read(Json($"{{ \"{field}\": {value} }}")));
        Assert.StartsWith("test.json: field '" + field, error.Message);
    }

    [Theory]
    [InlineData("cfg_ss", "48")]
    [InlineData("cfg_cs", "0")]
    [InlineData("cfg_cs", "1")]
    [InlineData("N", "1")]
    [InlineData("num_residual_blocks", "9")]
    public void HyperEncoderOptionsThatWouldChangeTheResultAreRefusedByName(string field, string value)
    {
        PerCoException error = Assert.Throws<PerCoException>(
            () => HyperEncoderConfig.Read(Json($"{{ \"{field}\": {value} }}")));
        Assert.StartsWith("test.json: field '" + field, error.Message);
    }

    [Fact]
    public void OptionsWithoutEffectAreTaken()
    {
        UNetConfig.Read(Json(
            """
            { "_class_name": "UNet2DConditionModel", "_diffusers_version": "0.8.0", "_name_or_path": "x",
                "dropout": 0.1,
              "act_fn": "swish", "sample_size": [64, 48], "use_linear_projection": true, "class_embed_type": null,
              "only_cross_attention": [false, false, false, false], "an_option_of_tomorrow": null,
              "mid_block_scale_factor": 1, "addition_embed_type_num_heads": 64 }
            """));
        VaeConfig.Read(Json("""{ "sample_size": 512, "use_quant_conv": true, "shift_factor": null }"""));
    }

    [Theory]
    [InlineData(64, 1, 64)]
    [InlineData(32, 2, 33)]
    [InlineData(16, 4, 17)]
    [InlineData(8, 8, 9)]
    public void TheGridRoundsUp(int spatialSize, int downscale, int grid)
    {
        var config = new HyperEncoderConfig { SpatialSize = spatialSize };
        Assert.Equal(downscale, config.Downscale);
        Assert.Equal(grid, config.GridExtent(downscale == 1 ? 64 : (downscale * (grid - 1)) + 1));
    }

    private static ConfigReader Json(string text) => ConfigReader.Parse("test.json", Encoding.UTF8.GetBytes(text));

    // Records compare their lists by reference; their text does not show them, so they are listed.
    private static string Describe(object config) => string.Join('\n', config.GetType().GetProperties().Select(p =>
        p.GetValue(config) is System.Collections.IEnumerable list and not string
            ? $"{p.Name} = {string.Join(',', list.Cast<object>())}"
            : $"{p.Name} = {p.GetValue(config)}"));
}
