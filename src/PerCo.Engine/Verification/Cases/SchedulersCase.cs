using System.Globalization;
using PerCo.Engine.Diffusion;

namespace PerCo.Engine.Verification.Cases;

/// <summary>
/// Schedulers: whole runs over a "network" of 0.9 · sin(1.3 · scaled input + t / 1000), compared after single steps and
/// at the end. Computed on the host whatever the backend.
/// </summary>
internal sealed class SchedulersCase : CaseKind
{
    private const string Timesteps = ".timesteps";

    /// <inheritdoc/>
    public override string Name => "schedulers";

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        foreach (string array in context.Arrays.Names.Where(n => n.EndsWith(Timesteps, StringComparison.Ordinal)))
        {
            string run = array[..^Timesteps.Length];
            context.Part(run, () => RunOne(context, run));
        }
    }

    private static void RunOne(CaseContext context, string run)
    {
        int dot = run.LastIndexOf('.');
        string count = run[(dot + 1)..];
        if (dot < 0 || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int steps))
        {
            context.Skip(run, "the name has no number of steps");
            return;
        }

        SchedulerConfig config = SchedulerConfig.Load(context.FileOf($"{run[..dot]}/scheduler_config.json"));
        IScheduler scheduler = SchedulerCatalog.Create(null, config, steps);
        float[] timesteps = scheduler.Timesteps.ToArray();
        float[] expected = context.Arrays.Floats(run + Timesteps);
        bool same = expected.Length == timesteps.Length;
        context.Add(
            run + Timesteps, Measure.LargestError,
            same ? Comparison.LargestError(expected, timesteps) : double.PositiveInfinity, Fraction(expected),
            same ? null : $"{timesteps.Length} timesteps, expected {expected.Length}");
        context.Compare($"{run}.init_noise_sigma", [scheduler.InitNoiseSigma], Tolerances.Host);
        if (!same || !context.Requires($"{run}.end", $"{run}.start"))
        {
            return;
        }

        float[] sample = context.Arrays.Floats($"{run}.start");
        var scaled = new float[sample.Length];
        for (int step = 0; step < timesteps.Length; step++)
        {
            scheduler.ScaleModelInput(sample, step, scaled);
            for (int i = 0; i < scaled.Length; i++)
            {
                scaled[i] = 0.9f * MathF.Sin(1.3f * scaled[i] + timesteps[step] / 1000);
            }

            scheduler.Step(scaled, step, sample);
            context.Compare($"{run}.after{step}", sample, Tolerances.Host);
        }

        context.Compare($"{run}.end", sample, Tolerances.Host);
    }

    // Whole timesteps are equal; fractional ones are interpolated in fp32, whose last bit may differ.
    private static double Fraction(float[] timesteps) =>
        Array.TrueForAll(timesteps, t => t == MathF.Round(t)) ? 0 : 1e-3;
}
