using PerCo.Engine.Diffusion;
using PerCo.Engine.Tests.Backends;
using Xunit;

namespace PerCo.Engine.Tests.Diffusion;

/// <summary>Steps as numbers, which devices take, against the schedulers' own.</summary>
public sealed class DenoiseStepTests
{
    private const int Count = 64;

    public static TheoryData<string, string, bool> Cases()
    {
        var cases = new TheoryData<string, string, bool>();
        foreach (string prediction in (string[])["epsilon", "v_prediction", "sample"])
        {
            cases.Add("ddim", prediction, false);
            cases.Add("ddim", prediction, true);
            cases.Add("euler", prediction, false);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_step_is_the_schedulers(string name, string prediction, bool clip)
    {
        IScheduler scheduler = Create(name, prediction, clip);
        float[] sample = OpCase.Values("noise", Count, 2);
        for (int step = 0; step < scheduler.Timesteps.Length; step++)
        {
            float[] output = OpCase.Values($"output {step}", Count), expected = [.. sample];
            var scaled = new float[Count];
            scheduler.ScaleModelInput(sample, step, scaled);
            new Tolerance(1e-6, 1e-5).Check(scaled, [.. sample.Select(x => x * scheduler.InputScaleAt(step))]);

            scheduler.StepAt(step)!.Value.Apply(output, sample);
            scheduler.Step(output, step, expected);
            new Tolerance(2e-6, 2e-5).Check(expected, sample);
            sample = expected;
        }
    }

    [Theory]
    [InlineData("pndm")]
    [InlineData("dpm++")]
    public void Schedulers_with_a_memory_have_no_such_steps(string name) =>
        Assert.Null(Create(name, "v_prediction", false).StepAt(0));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(0, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 1.5)]
    [InlineData(0, 0)]
    [InlineData(4, 0)]
    [InlineData(0, 3)]
    public void Weights_combine_as_guidance_does(float text, float codes)
    {
        var guidance = Guidance.TextAndCodes(text, codes);
        float[] outputs = OpCase.Values("outputs", guidance.Rows.Length * Count);
        var weights = new float[guidance.Rows.Length];
        guidance.WriteWeights(weights);
        Assert.Equal(1, weights.Sum(), 5);
        float[] weighted = [.. Enumerable.Range(0, Count).Select(i =>
            Enumerable.Range(0, weights.Length).Sum(row => weights[row] * outputs[row * Count + i]))];
        new Tolerance(2e-6, 2e-5).Check(guidance.Combine(outputs), weighted);
    }

    private static IScheduler Create(string name, string prediction, bool clip) => SchedulerCatalog.Create(
        name,
        SchedulerConfig.Parse(
            System.Text.Encoding.UTF8.GetBytes($$"""
            {
              "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "steps_offset": 1,
              "beta_schedule": "scaled_linear", "num_train_timesteps": 1000, "set_alpha_to_one": false,
              "clip_sample": {{(clip ? "true" : "false")}}, "skip_prk_steps": true,
              "prediction_type": "{{prediction}}"
            }
            """), "test"),
        10);
}
