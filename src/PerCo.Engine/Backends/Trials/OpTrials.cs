using PerCo.Engine.Tensors.Ops;
using static PerCo.Engine.Backends.Trials.OpTrialFactory;

namespace PerCo.Engine.Backends.Trials;

/// <summary>The lists of trials.</summary>
internal static class OpTrials
{
    // Resolutions of Stable Diffusion 2.1's U-Net at 512×512: side and channels.
    private static readonly (int Side, int Channels)[] Levels = [(64, 320), (32, 640), (16, 1280), (8, 1280)];

    /// <summary>
    /// Small shapes with odd edges that reach every op and every kernel variant, some of them long enough to go round
    /// all stages of its copies, or to be split along the inputs: what a device is checked with.
    /// </summary>
    public static IReadOnlyList<OpTrial> Short { get; } =
    [
        Conv2d(2, 9, 11, 40, 72, residual: true, channelBias: true, activation: Activation.Silu),
        Conv2d(1, 12, 10, 64, 64, stride: 2),
        Conv2d(1, 5, 7, 32, 64, upsample: 2),
        Conv2d(1, 8, 9, 64, 48, kernel: 1, second: 32),
        Conv2d(1, 7, 6, 40, 48, second: 24),
        Conv2d(1, 9, 8, 4, 33),
        Conv2d(1, 6, 7, 264, 72, residual: true, second: 200, activation: Activation.Silu),
        Linear(130, 72, 136, residual: true),
        Linear(65, 64, 128, Activation.Geglu),
        Linear(33, 50, 40, Activation.Gelu),
        Linear(65, 400, 130),
        Linear(50, 2400, 70, residual: true),
        Linear(1, 130, 70),
        Attention(2, 3, 70, 70, 64),
        Attention(1, 2, 67, 77, 40),
        Attention(1, 2, 9, 9, 64, causal: true),
        Attention(1, 2, 1, 33, 80),
        Attention(1, 1, 40, 40, 160),
        Attention(1, 2, 200, 200, 64),
        Attention(1, 2, 150, 257, 88),
        Attention(1, 2, 130, 700, 48),
        GroupNorm(2, 9, 11, 40, 8, second: 24),
        GroupNormInSteps(2, 9, 11, 40, 8),
        LayerNorm(37, 100),
        Activate(9, 50, Activation.Silu),
        Activate(9, 50, Activation.QuickGelu),
        Add(2, 9, 50),
        SigmoidGate(9, 50),
        UpsampleNearest(5, 6, 12, 11, 13),
        Embed(9, 100, 40),
        VectorQuantize(40, 32, 200),
        CopyTokens(9, 48),
        DenoiseStep(9, 11, 4),
    ];

    /// <summary>
    /// Products with enough tiles for a device of so many compute units: kernels take larger tiles than for
    /// <see cref="Short"/>. Too much for the reference; they are compared with the CPU's.
    /// </summary>
    public static IReadOnlyList<OpTrial> Large(int units) =>
    [
        Linear(3000, 712, 1088),
        Conv2d(1, 50, 60, 24, 1088, second: 40),

        // One wave of tiles of 128×192, where those of 128×128 would be two.
        Linear(units / 2 * 128, 200, 320),
        Conv2d(1, units / 2, 128, 24, 320),
    ];

    /// <summary>The U-Net of Stable Diffusion 2.1 at 512×512 with guidance in one batch.</summary>
    public static IReadOnlyList<OpTrial> UNet { get; } = [.. UNetTrials(), Linear(2, 320, 1280, Activation.Silu)];

    /// <summary>The autoencoder of Stable Diffusion 2.1 at 512×512: what decoding runs.</summary>
    public static IReadOnlyList<OpTrial> Vae { get; } =
    [
        Conv2d(1, 64, 64, 4, 512),
        Conv2d(1, 64, 64, 512, 512),
        Conv2d(1, 64, 64, 512, 512, upsample: 2),
        Conv2d(1, 128, 128, 512, 512, residual: true),
        Conv2d(1, 256, 256, 512, 256),
        Conv2d(1, 256, 256, 256, 256, residual: true),
        Conv2d(1, 256, 256, 512, 256, kernel: 1),
        Conv2d(1, 512, 512, 256, 128),
        Conv2d(1, 512, 512, 128, 128, residual: true),
        Conv2d(1, 512, 512, 128, 3),
        GroupNorm(1, 128, 128, 512, 32),
        GroupNorm(1, 512, 512, 128, 32),
        Attention(1, 1, 4096, 4096, 512),
    ];

    /// <summary>PerCo-Mini at 768×512, its captioner and its encoder.</summary>
    public static IReadOnlyList<OpTrial> Mini { get; } =
    [
        Conv2d(2, 64, 96, 48, 48, residual: true),
        Conv2d(2, 32, 48, 96, 96),
        Conv2d(2, 16, 24, 144, 144),
        Conv2d(1, 256, 384, 48, 48),
        Conv2d(1, 512, 768, 24, 24),
        Conv2d(1, 512, 768, 24, 3),
        Linear(3072, 96, 96, residual: true),
        Linear(768, 144, 1152, Activation.Geglu),
        Attention(2, 3, 1536, 1536, 32),
        Attention(2, 3, 1536, 77, 32),
        GroupNorm(2, 64, 96, 48, 12),
        LayerNorm(3072, 96),
        Activate(2, 192, Activation.Silu),
        Add(2, 384, 144),
        SigmoidGate(1536, 64),
        UpsampleNearest(16, 24, 32, 64, 96),
        Embed(77, 1024, 64),
        VectorQuantize(384, 32, 1024),
        CopyTokens(64, 128),
    ];

    /// <summary>BLIP-2's language model, one token: products of one row, attention to a cache.</summary>
    public static IReadOnlyList<OpTrial> Captioner { get; } =
    [
        Linear(1, 2560, 7680),
        Linear(1, 2560, 10240, Activation.Relu),
        Linear(1, 10240, 2560, residual: true),
        Attention(1, 32, 1, 64, 80),
        Attention(1, 16, 257, 257, 88),
        Linear(257, 1408, 4224),
    ];

    /// <summary>The lists that can be timed, by name.</summary>
    public static IReadOnlyList<(string Name, IReadOnlyList<OpTrial> Trials)> Sets { get; } =
        [("unet", UNet), ("vae", Vae), ("captioner", Captioner), ("mini", Mini)];

    /// <summary>The ops, in the order of <see cref="Short"/>.</summary>
    public static IReadOnlyList<string> Ops { get; } = [.. Short.Select(trial => trial.Op).Distinct()];

    /// <summary>The ops of the lists that can be timed.</summary>
    public static IReadOnlyList<string> TimedOps { get; } =
        [.. Ops.Where(op => Sets.Any(set => set.Trials.Any(trial => trial.Op == op)))];

    private static IEnumerable<OpTrial> UNetTrials()
    {
        const int Batch = 2, Head = 64, Prompt = 77, PromptWidth = 1024;
        yield return Conv2d(Batch, 64, 64, 4, 320);
        yield return Conv2d(Batch, 64, 64, 320, 4);
        for (int level = 0; level < Levels.Length; level++)
        {
            (int side, int channels) = Levels[level];
            int rows = Batch * side * side, heads = channels / Head, tokens = side * side;
            yield return Conv2d(Batch, side, side, channels, channels, residual: true);
            yield return Conv2d(Batch, side, side, channels, channels, second: channels);
            yield return Conv2d(Batch, side, side, channels, channels, kernel: 1, second: channels);
            yield return GroupNorm(Batch, side, side, channels, 32);
            if (level + 1 < Levels.Length)
            {
                yield return Conv2d(Batch, side, side, channels, channels, stride: 2);
                yield return Conv2d(
                    Batch, Levels[level + 1].Side, Levels[level + 1].Side, channels, channels, upsample: 2);
                yield return LayerNorm(rows, channels);
                yield return Linear(rows, channels, 3 * channels);
                yield return Linear(rows, channels, channels, residual: true);
                yield return Linear(rows, channels, 8 * channels, Activation.Geglu);
                yield return Linear(rows, 4 * channels, channels, residual: true);
                yield return Linear(Batch * Prompt, PromptWidth, 2 * channels);
                yield return Attention(Batch, heads, tokens, tokens, Head);
                yield return Attention(Batch, heads, tokens, Prompt, Head);
            }
        }
    }
}
