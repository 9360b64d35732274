using System.Globalization;
using PerCo.Engine.Diffusion;

namespace PerCo.Engine.Verification.Cases;

/// <summary>torch.randn on the CPU generator: arrays named <c>seed42.1x4x64x64</c>. Computed on the host.</summary>
internal sealed class TorchNoiseCase : CaseKind
{
    private const string Prefix = "seed";

    /// <inheritdoc/>
    public override string Name => "torch_noise";

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        foreach (string array in context.Arrays.Names)
        {
            string seedText = array.Split('.')[0];
            if (!seedText.StartsWith(Prefix, StringComparison.Ordinal)
                || !ulong.TryParse(
                    seedText.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
            {
                context.Skip(array, "the name does not say a seed");
                continue;
            }

            context.Part(array, () =>
            {
                float[] expected = context.Arrays.Floats(array);
                var noise = new float[expected.Length];
                TorchNoise.Fill(seed, noise);
                context.Add(array, Measure.LargestError, Comparison.LargestError(expected, noise), Tolerances.Noise);
            });
        }
    }
}
