using PerCo.Engine.Diffusion;
using Xunit;

namespace PerCo.Engine.Tests.Diffusion;

public sealed class DiffusionSamplerTests
{
    private static readonly GoldenArrays Cases = new(TestPaths.Goldens("schedulers/io.safetensors"));

    public static TheoryData<float, float, string> Scales() => new()
    {
        { 1, 1, "All" },
        { 3, 1, "Codes, All" },
        { 0, 1, "Codes" },
        { 2.5f, 2.5f, "None, All" },
        { 0, 0, "None" },
        { 0, 2, "None, Codes" },
        { 3, 1.5f, "None, Codes, All" },
        { 1, 2, "None, Codes, All" },
    };

    [Theory]
    [MemberData(nameof(Scales))]
    public void GuidanceEvaluatesWhatItNeedsAndFollowsItsFormula(float text, float codes, string rows)
    {
        Guidance guidance = Guidance.TextAndCodes(text, codes);
        Assert.Equal(rows, string.Join(", ", guidance.Rows.ToArray()));

        // e(∅,∅), e(c,∅) and e(c,t) at two elements.
        Dictionary<Conditions, float[]> e = new()
        {
            [Conditions.None] = [1, -2],
            [Conditions.Codes] = [0.5f, 4],
            [Conditions.All] = [-3, 8],
        };
        float[] outputs = [.. guidance.Rows.ToArray().SelectMany(r => e[r])];
        float[] combined = guidance.Combine(outputs).ToArray();
        for (int i = 0; i < 2; i++)
        {
            float u = e[Conditions.None][i];
            float c = e[Conditions.Codes][i];
            float expected = u + (codes * (c - u)) + (text * (e[Conditions.All][i] - c));
            Assert.Equal(expected, combined[i], 1e-5f);
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(101)]
    [InlineData(float.NaN)]
    public void GuidanceScalesHaveARange(float scale)
        => Assert.Throws<ArgumentOutOfRangeException>(() => Guidance.Text(scale));

    [Theory]
    [InlineData("euler_v", 5)]
    [InlineData("pndm_sd", 20)]
    public void RunsASchedulerToItsEndAndReportsEachStep(string name, int steps)
    {
        IScheduler scheduler = Create(name, steps);
        float[] latents = Array.ConvertAll(Cases[$"{name}.{steps}.start"], x => x / scheduler.InitNoiseSigma);
        FakeNetwork network = new((x, t, _) => 0.9f * MathF.Sin((1.3f * x) + (t / 1000)));
        Reports reports = new();
        DiffusionSampler.Sample(scheduler, network, Guidance.None, latents, reports);

        Assert.All(Cases[$"{name}.{steps}.end"].Zip(latents), p => Assert.Equal(p.First, p.Second, 1e-5f));
        Assert.Equal(scheduler.Timesteps.Length, network.Calls);
        Assert.Equal(Enumerable.Range(1, network.Calls), reports.Select(r => r.Step));
        Assert.Equal(scheduler.Timesteps.ToArray(), reports.Select(r => r.Timestep));
        Assert.All(reports, r => Assert.Equal(network.Calls, r.Steps));
        Assert.Equal(TimeSpan.Zero, reports[^1].Remaining);
    }

    [Fact]
    public void InfinityIsNeverPlausible()
    {
        FakeNetwork network = new((x, _, _) => x);
        PerCoException error = Assert.Throws<PerCoException>(
            () => DiffusionSampler.Sample(new EndlessNoise(), network, Guidance.None, new float[4]));
        Assert.Contains("denoising step 1 of 1", error.Message, StringComparison.Ordinal);
        Assert.Contains("scheduler", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GuidanceIsAppliedToOneBatch()
    {
        float[] guided = new float[8];
        FakeNetwork network = new((x, _, c) => (0.1f * x) + (c == Conditions.All ? 0.3f : 0.1f));
        DiffusionSampler.Sample(Create("ddim_v", 5), network, Guidance.Text(3), guided);
        Assert.Equal(5, network.Calls);

        // 0.1 + 3 · (0.3 − 0.1) = 0.7 in one evaluation.
        float[] direct = new float[8];
        FakeNetwork combined = new((x, _, _) => (0.1f * x) + 0.7f);
        DiffusionSampler.Sample(Create("ddim_v", 5), combined, Guidance.None, direct);
        Assert.All(direct.Zip(guided), p => Assert.Equal(p.First, p.Second, 1e-5f));
    }

    [Fact]
    public void StopsBeforeTheStepAfterACancellation()
    {
        using CancellationTokenSource source = new();
        int calls = 0;
        FakeNetwork network = new((x, _, _) => x);
        Reports reports = new(_ => { if (++calls == 2) { source.Cancel(); } });
        Assert.Throws<OperationCanceledException>(() => DiffusionSampler.Sample(
            Create("ddim_v", 5), network, Guidance.None, new float[4], reports, source.Token));
        Assert.Equal(2, network.Calls);
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "NaN")]
    [InlineData(1e6f, "beyond")]
    public void NamesTheStepThatWentWrong(float output, string what)
    {
        FakeNetwork network = new((x, t, _) => t < 300 ? output : x);
        PerCoException error = Assert.Throws<PerCoException>(
            () => DiffusionSampler.Sample(Create("ddim_v", 5), network, Guidance.None, new float[20]));
        Assert.Contains("step 4 of 5 (timestep 201)", error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.Contains("percoengine verify", error.Message, StringComparison.Ordinal);
    }

    private static IScheduler Create(string name, int steps) => SchedulerCatalog.Create(
        null, SchedulerConfig.Load(TestPaths.Goldens($"schedulers/{name}/scheduler_config.json")), steps);

    /// <summary>What a schedule gives whose ᾱ reaches 0 where σ is 1/√ᾱ.</summary>
    private sealed class EndlessNoise() : Scheduler([999], float.PositiveInfinity)
    {
        protected override void Advance(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample) =>
            sample.Fill(float.PositiveInfinity);
    }

    private sealed class FakeNetwork(Func<float, float, Conditions, float> predict) : INoisePredictor
    {
        public int Calls { get; private set; }

        public void Predict(
            ReadOnlySpan<float> latents, float timestep, ReadOnlySpan<Conditions> rows, Span<float> outputs)
        {
            Calls++;
            Assert.Equal(rows.Length * latents.Length, outputs.Length);
            for (int i = 0; i < outputs.Length; i++)
            {
                outputs[i] = predict(latents[i % latents.Length], timestep, rows[i / latents.Length]);
            }
        }
    }

    private sealed class Reports(Action<SamplingProgress>? also = null)
        : List<SamplingProgress>, IProgress<SamplingProgress>
    {
        public void Report(SamplingProgress value)
        {
            Add(value);
            also?.Invoke(value);
        }
    }
}
