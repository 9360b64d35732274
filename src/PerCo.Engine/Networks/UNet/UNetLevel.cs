namespace PerCo.Engine.Networks.UNet;

/// <summary>What the config says of one resolution.</summary>
/// <param name="Channels">Channels of the feature maps.</param>
/// <param name="Layers">Residual blocks of the down block; the up block has one more.</param>
/// <param name="TransformerLayers">Transformer blocks behind each residual block.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="ContextChannels">Features of a text token.</param>
internal readonly record struct UNetLevel(
    int Channels, int Layers, int TransformerLayers, int Heads, int ContextChannels)
{
    /// <summary>Picks a resolution's entries, 0 for the latent's own.</summary>
    public static UNetLevel Of(UNetConfig config, int level) => new(
        config.BlockOutChannels[level],
        config.LayersPerBlock[level],
        config.TransformerLayersPerBlock[level],
        config.AttentionHeads[level],
        config.CrossAttentionDim[level]);
}
