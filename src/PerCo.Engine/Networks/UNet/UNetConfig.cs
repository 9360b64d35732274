using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.UNet;

/// <summary>
/// The fields of a diffusers UNet2DConditionModel's config.json; defaults are that class's (diffusers 0.27), not Stable
/// Diffusion's. Lists have one entry a resolution, the latent's own first.
/// </summary>
internal sealed record UNetConfig
{
    /// <summary>Channels of the latent that goes in, without those of the codes' features.</summary>
    public int InChannels { get; init; } = 4;

    /// <summary>Channels of the prediction.</summary>
    public int OutChannels { get; init; } = 4;

    /// <summary>Channels at each resolution; each further one halves height and width.</summary>
    public IReadOnlyList<int> BlockOutChannels { get; init; } = [320, 640, 1280, 1280];

    /// <summary>Whether each resolution's down block attends to the text (CrossAttnDownBlock2D).</summary>
    public IReadOnlyList<bool> DownAttention { get; init; } = [true, true, true, false];

    /// <summary>
    /// Whether each up block attends to the text (CrossAttnUpBlock2D). In the file's order: the lowest resolution
    /// first.
    /// </summary>
    public IReadOnlyList<bool> UpAttention { get; init; } = [false, true, true, true];

    /// <summary>Residual blocks in each down block; the up block has one more.</summary>
    public IReadOnlyList<int> LayersPerBlock { get; init; } = [2, 2, 2, 2];

    /// <summary>Transformer blocks behind each residual block, where there is attention.</summary>
    public IReadOnlyList<int> TransformerLayersPerBlock { get; init; } = [1, 1, 1, 1];

    /// <summary>
    /// Attention heads. The file's field is called <c>attention_head_dim</c>, but diffusers has always read it as the
    /// number of heads (huggingface/diffusers issue 2011).
    /// </summary>
    public IReadOnlyList<int> AttentionHeads { get; init; } = [8, 8, 8, 8];

    /// <summary>Features of a text token.</summary>
    public IReadOnlyList<int> CrossAttentionDim { get; init; } = [1280, 1280, 1280, 1280];

    /// <summary>Whether attention is computed in fp32 (Stable Diffusion 2.1 overflows in half precision).</summary>
    public bool UpcastAttention { get; init; }

    /// <summary>Groups of every GroupNorm.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Added to the variance in the residual blocks and the last norm.</summary>
    public float NormEps { get; init; } = 1e-5f;

    /// <summary>
    /// Zeros around the input where a down block halves it: 1, or 0 for one row below and column right.
    /// </summary>
    public int DownsamplePadding { get; init; } = 1;

    /// <summary>Rows and columns of the first convolution's kernel; odd.</summary>
    public int ConvInKernel { get; init; } = 3;

    /// <summary>Rows and columns of the last convolution's kernel; odd.</summary>
    public int ConvOutKernel { get; init; } = 3;

    /// <summary>Whether the timestep's cosines come before its sines.</summary>
    public bool FlipSinToCos { get; init; } = true;

    /// <summary>Taken from the number of the timestep's frequencies when they are spread.</summary>
    public int FreqShift { get; init; }

    /// <summary>
    /// Channels of the time embedding: four times the first resolution's where the file says nothing.
    /// </summary>
    public int TimeEmbeddingDim { get; init; } = 1280;

    /// <summary>Reads a config.json.</summary>
    /// <exception cref="PerCoException">
    /// A field is damaged, out of range, or asks for what is not supported.
    /// </exception>
    public static UNetConfig Read(ConfigReader config) => UNetConfigReader.Read(config);
}
