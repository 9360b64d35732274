using System.Text;
using PerCo.Engine.Diffusion;
using Xunit;

namespace PerCo.Engine.Tests.Diffusion;

public sealed class SchedulerConfigTests
{
    [Theory]
    [InlineData("ddim", "thresholding", "true")]
    [InlineData("ddim", "beta_schedule", "\"sigmoid\"")]
    [InlineData("ddim", "beta_start", "-0.1")]
    [InlineData("ddim", "beta_end", "NaN")]
    [InlineData("ddim", "trained_betas", "[0.1]")]
    [InlineData("ddim", "num_train_timesteps", "0")]
    [InlineData("ddim", "num_train_timesteps", "2000000000")]
    [InlineData("ddim", "prediction_type", "\"score\"")]
    [InlineData("ddim", "timestep_spacing", "3")]
    [InlineData("ddim", "clip_sample", "\"yes\"")]
    [InlineData("ddim", "steps_offset", "-1")]
    [InlineData("ddim", "steps_offset", "300")]
    [InlineData("pndm", "prediction_type", "\"sample\"")]
    [InlineData("dpm++", "thresholding", "true")]
    [InlineData("dpm++", "algorithm_type", "\"sde-dpmsolver++\"")]
    [InlineData("dpm++", "solver_order", "3")]
    [InlineData("dpm++", "solver_type", "\"rk4\"")]
    [InlineData("dpm++", "use_lu_lambdas", "true")]
    [InlineData("dpm++", "variance_type", "\"learned\"")]
    [InlineData("dpm++", "final_sigmas_type", "\"none\"")]
    [InlineData("euler", "interpolation_type", "\"log_linear\"")]
    [InlineData("euler", "timestep_type", "\"continuous\"")]
    public void NamesTheFieldThatIsBad(string scheduler, string field, string value)
    {
        SchedulerConfig config = Parse($$"""{"_class_name": "DDIMScheduler", "{{field}}": {{value}}}""");
        PerCoException error = Assert.Throws<PerCoException>(() => SchedulerCatalog.Create(scheduler, config, 4));
        Assert.Contains($"'{field}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("test.json", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    // From pure noise on, a predicted noise tells nothing of the picture; diffusers divides by zero.
    [Fact]
    public void PredictedNoiseIsRefusedAtATimestepOfPureNoise()
    {
        static IScheduler Create(string spacing) => SchedulerCatalog.Create("ddim", Parse(
            $$"""{"rescale_betas_zero_snr": true, "prediction_type": "epsilon", "timestep_spacing": "{{spacing}}"}"""),
            4);

        PerCoException error = Assert.Throws<PerCoException>(() => Create("trailing"));
        Assert.Contains("'prediction_type' is \"epsilon\"", error.Message, StringComparison.Ordinal);
        Assert.Equal(4, Create("leading").Timesteps.Length);
    }

    [Fact]
    public void IgnoresFieldsOfOtherClasses()
    {
        SchedulerConfig config = Parse("""{"skip_prk_steps": "what", "thresholding": true, "solver_order": 9}""");
        Assert.Equal(4, SchedulerCatalog.Create("euler", config, 4).Timesteps.Length);
    }

    [Fact]
    public void UnknownClassIsRefusedUnlessASchedulerIsNamed()
    {
        SchedulerConfig config = Parse("""{"_class_name": "DDPMScheduler"}""");
        PerCoException error = Assert.Throws<PerCoException>(() => SchedulerCatalog.Create(null, config, 4));
        Assert.Contains("'_class_name' is \"DDPMScheduler\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("DDIMScheduler", error.Message, StringComparison.Ordinal);
        Assert.Equal(4, SchedulerCatalog.Create("ddim", config, 4).Timesteps.Length);
    }

    [Fact]
    public void UnknownNameListsTheKnownOnes()
    {
        PerCoException error = Assert.Throws<PerCoException>(() => SchedulerCatalog.Create("heun", Parse("{}"), 4));
        Assert.Contains("ddim, pndm, dpm++, euler", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ddim", 0)]
    [InlineData("ddim", 1001)]
    [InlineData("pndm", 3)]
    [InlineData("dpm++", 1000)]
    [InlineData("euler", -1)]
    public void RefusesImpossibleNumbersOfSteps(string scheduler, int steps)
    {
        PerCoException error = Assert.Throws<PerCoException>(
            () => SchedulerCatalog.Create(scheduler, Parse("{}"), steps));
        Assert.Contains("steps", error.Message, StringComparison.Ordinal);
        Assert.Equal([Remedy.Steps], error.Remedies);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"_class_name": 3}""")]
    [InlineData("")]
    public void RefusesWhatIsNotAConfiguration(string json)
        => Assert.Contains("test.json", Assert.Throws<PerCoException>(() => Parse(json)).Message);

    [Fact]
    public void AbsentFileIsAnErrorWithItsPath()
    {
        string path = Path.Combine(Path.GetTempPath(), "no such folder", "scheduler_config.json");
        Assert.Equal(
            $"{path}: cannot be read: there is no such file. Is the model folder complete?",
            Assert.Throws<PerCoException>(() => SchedulerConfig.Load(path)).Message);
    }

    [Fact]
    public void AcceptsPythonsBareNumbersOutsideStrings()
    {
        SchedulerConfig config = Parse("""{"_class_name": "a\"NaN, -Infinity", "x": -Infinity, "y": [NaN]}""");
        Assert.Equal("a\"NaN, -Infinity", config.ClassName);
        Assert.Equal(double.NegativeInfinity, config.Number("x", 0, double.NegativeInfinity, 0));
    }

    [Fact]
    public void ReadsTheDefaultModels()
    {
        SchedulerConfig config = SchedulerConfig.Load(
            Path.Combine(TestPaths.DefaultModel, "scheduler", "scheduler_config.json"));
        foreach (string name in SchedulerCatalog.Names)
        {
            Assert.True(SchedulerCatalog.Create(name, config, 20).Timesteps.Length >= 20);
        }
    }

    [Fact]
    public void StepsAreTakenOnceAndInOrder()
    {
        IScheduler scheduler = SchedulerCatalog.Create("ddim", Parse("{}"), 2);
        float[] sample = new float[4];
        Assert.Throws<ArgumentException>(() => scheduler.Step(new float[4], 1, sample));
        Assert.Throws<ArgumentException>(() => scheduler.Step(new float[3], 0, sample));
        scheduler.Step(new float[4], 0, sample);
        Assert.Throws<ArgumentException>(() => scheduler.Step(new float[4], 0, sample));
        Assert.Throws<ArgumentException>(() => scheduler.Step(new float[5], 1, new float[5]));
        scheduler.Step(new float[4], 1, sample);
        Assert.Throws<ArgumentException>(() => scheduler.Step(new float[4], 2, sample));
    }

    private static SchedulerConfig Parse(string json)
        => SchedulerConfig.Parse(Encoding.UTF8.GetBytes(json), "test.json");
}
