using PerCo.Engine.Backends;

namespace PerCo.Engine.Verification;

/// <summary>How closely a backend follows the reference implementations, by its <see cref="NumericPlan"/>.</summary>
/// <param name="Network">Normalised error of a block or a whole network.</param>
/// <param name="IndexMargin">Codes are equal where the best cosine beats the second by this much.</param>
/// <param name="TokenGap">Tokens are equal where the best logit beats the second by this much.</param>
/// <param name="LoopPsnr">dB of a picture after the denoising loop and the autoencoder.</param>
/// <param name="PipelinePsnr">dB of an 8-bit picture after the whole pipeline.</param>
internal sealed record Tolerances(
    double Network, double IndexMargin, double TokenGap, double LoopPsnr, double PipelinePsnr)
{
    /// <summary>Largest difference of a normal deviate: last bits of logarithm and cosine.</summary>
    public const double Noise = 4e-6;

    /// <summary>Normalised error of what is computed in fp32 on the host whatever the backend: schedulers.</summary>
    public const double Host = 1e-4;

    /// <summary>The tolerances of a plan.</summary>
    public static Tolerances For(NumericPlan plan) => plan switch
    {
        NumericPlan.Fp32Direct => new(1e-4, 1e-4, 1e-3, 60, 50),
        NumericPlan.Fp32Winograd => new(5e-4, 2e-3, 5e-3, 60, 50),
        NumericPlan.Fp16Weights => new(3e-3, 1e-2, 3e-2, 40, 35),
        NumericPlan.Int8Weights => new(3e-2, 5e-2, 3e-1, 30, 25),
        NumericPlan.Fp16 => new(1e-2, 3e-2, 5e-2, 40, 35),

        // bf16 rounds eight times as coarsely as fp16: eight times its bounds, 18 dB less.
        NumericPlan.Bf16 => new(8e-2, 0.24, 0.4, 22, 17),
        _ => throw new ArgumentOutOfRangeException(nameof(plan), plan, "A plan without tolerances."),
    };
}
