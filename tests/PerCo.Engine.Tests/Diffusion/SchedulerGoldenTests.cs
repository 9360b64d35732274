using System.Text.Json;
using PerCo.Engine.Diffusion;
using Xunit;

namespace PerCo.Engine.Tests.Diffusion;

/// <summary>Every scheduler against the reference's samples, step by step (tests/goldens/schedulers).</summary>
public sealed class SchedulerGoldenTests
{
    /// <summary>
    /// Normalised error. Single precision gives about 1e-7 a step; twenty steps of a network of slope 1.2 stay
    /// below this, and any wrong coefficient is far above it.
    /// </summary>
    private const double Tolerance = 2e-6;

    private static readonly GoldenArrays Cases = new(TestPaths.Goldens("schedulers/io.safetensors"));
    private static readonly GoldenArrays Options = new(TestPaths.Goldens("schedulers/options.safetensors"));

    private static readonly JsonElement OptionConfigs
        = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Goldens("schedulers/options.json"))).RootElement;

    public static TheoryData<string, int> CaseNames()
    {
        TheoryData<string, int> data = [];
        foreach (string folder in Directory.GetDirectories(TestPaths.Goldens("schedulers")).Order())
        {
            data.Add(Path.GetFileName(folder), 5);
            data.Add(Path.GetFileName(folder), 20);
        }

        return data;
    }

    public static TheoryData<string> OptionNames() => [.. OptionConfigs.EnumerateObject().Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void FollowsReference(string name, int steps)
    {
        IScheduler scheduler = SchedulerCatalog.Create(null, ConfigOf(name), steps);
        CompareRun(scheduler, Cases, $"{name}.{steps}");
    }

    [Theory]
    [InlineData("pndm", "pndm_sd")]
    [InlineData("dpm++", "dpmpp_sd")]
    [InlineData("euler", "euler_sd")]
    [InlineData("DDIM", "ddim_v")]
    public void SwitchesClassAsFromConfig(string scheduler, string expected)
    {
        SchedulerConfig ddim = ConfigOf("ddim_v");
        CompareRun(SchedulerCatalog.Create(scheduler, ddim, 5), Cases, expected + ".5");
        CompareRun(SchedulerCatalog.Create(scheduler, ddim, 20), Cases, expected + ".20");
    }

    [Theory]
    [MemberData(nameof(OptionNames))]
    public void FollowsReferenceWithOption(string name)
    {
        JsonElement option = OptionConfigs.GetProperty(name);
        SchedulerConfig config = SchedulerConfig.Parse(
            JsonSerializer.SerializeToUtf8Bytes(option.GetProperty("config")), name);
        IScheduler scheduler = SchedulerCatalog.Create(null, config, option.GetProperty("steps").GetInt32());
        CompareRun(scheduler, Options, name);
    }

    private static SchedulerConfig ConfigOf(string name)
        => SchedulerConfig.Load(TestPaths.Goldens($"schedulers/{name}/scheduler_config.json"));

    private static void CompareRun(IScheduler scheduler, GoldenArrays golden, string prefix)
    {
        AssertClose(golden[prefix + ".timesteps"], scheduler.Timesteps.ToArray(), prefix + " timesteps");
        AssertClose(golden[prefix + ".init_noise_sigma"], [scheduler.InitNoiseSigma], prefix + " sigma");
        HashSet<string> names = [.. golden.Names];
        float[] sample = golden[prefix + ".start"];
        float[] scaled = new float[sample.Length];
        float[] output = new float[sample.Length];
        int compared = 0;
        for (int i = 0; i < scheduler.Timesteps.Length; i++)
        {
            scheduler.ScaleModelInput(sample, i, scaled);
            float phase = scheduler.Timesteps[i] / 1000f;
            for (int k = 0; k < output.Length; k++)
            {
                output[k] = 0.9f * MathF.Sin((1.3f * scaled[k]) + phase);
            }

            scheduler.Step(output, i, sample);
            if (names.Contains($"{prefix}.after{i}"))
            {
                AssertClose(golden[$"{prefix}.after{i}"], sample, $"{prefix} after step {i}");
                compared++;
            }
        }

        Assert.True(compared > 0 || scheduler.Timesteps.Length == 1, "The golden file has no step to compare.");
        AssertClose(golden[prefix + ".end"], sample, prefix + " end");
    }

    private static void AssertClose(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double difference = 0;
        double size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += Math.Pow((double)expected[i] - actual[i], 2);
            size += Math.Pow(expected[i], 2);
        }

        double error = Math.Sqrt(difference / Math.Max(size, double.Epsilon));
        Assert.True(error <= Tolerance, $"{what}: normalised error {error:g3}, expected at most {Tolerance:g3}.");
    }
}
