using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>
/// A run whose steps are recorded and taken on the device, against the same run step by step on the host.
/// </summary>
public abstract class DenoisingRunTests(BackendFixture fixture, double tolerance)
{
    private const int Side = 6;
    private const int Channels = 4;
    private const int Pictures = 2;
    private const int Values = Pictures * Side * Side * Channels;
    private const int Features = 3;

    [SkippableTheory]
    [InlineData("ddim", "v_prediction", 3, 1)]
    [InlineData("ddim", "epsilon", 2, 0.5)]
    [InlineData("ddim", "sample", 1, 1)]
    [InlineData("euler", "epsilon", 3, 1)]
    [InlineData("euler", "v_prediction", 1, 2)]
    public void Recorded_steps_are_those_of_the_host(string name, string prediction, float text, float codes)
    {
        var backend = (GpuBackend)fixture.Backend;
        float[] onHost = Sample(backend, name, prediction, Guidance.TextAndCodes(text, codes), onDevice: false);
        float[] onDevice = Sample(backend, name, prediction, Guidance.TextAndCodes(text, codes), onDevice: true);
        new Tolerance(tolerance, 10 * tolerance).Check(onHost, onDevice);
    }

    [SkippableTheory]
    [InlineData("pndm")]
    [InlineData("dpm++")]
    public void Schedulers_with_a_memory_step_on_the_host(string name)
    {
        var backend = (GpuBackend)fixture.Backend;
        float[] onHost = Sample(backend, name, "v_prediction", Guidance.Text(2), onDevice: false);
        Assert.Equal(onHost, Sample(backend, name, "v_prediction", Guidance.Text(2), onDevice: true));
    }

    [SkippableFact]
    public void Nothing_is_allocated_after_the_first_step()
    {
        var backend = (GpuBackend)fixture.Backend;
        using var network = new Network(backend, rows: 2);
        var step = new DenoiseStep(0.5f, 0.1f, float.PositiveInfinity, 0.3f, 0.4f, 0.2f);
        network.Begin(OpCase.Values("noise", Values), 1);
        network.Step(900, step, 1, [-1, 2]);
        long before = backend.DeviceAllocations;
        for (int i = 0; i < 4; i++)
        {
            network.Step(800 - i, step, 1, [-1, 2]);
        }

        Assert.Equal(before, backend.DeviceAllocations);
    }

    [SkippableFact]
    public void A_step_that_is_not_finite_is_an_error_that_names_it()
    {
        var backend = (GpuBackend)fixture.Backend;
        using var network = new Network(backend, rows: 1) { BreakFrom = 700 };
        IScheduler scheduler = Scheduler("ddim", "epsilon");
        float[] sample = OpCase.Values("noise", Values);
        var error = Assert.Throws<PerCoException>(
            () => DiffusionSampler.Sample(scheduler, network, Guidance.None, sample));
        Assert.Contains("denoising step 3 of 8", error.Message, StringComparison.Ordinal);
    }

    private static float[] Sample(
        GpuBackend backend, string name, string prediction, Guidance guidance, bool onDevice)
    {
        using var network = new Network(backend, guidance.Rows.Length) { CanStep = onDevice };
        float[] sample = OpCase.Values("noise", Values);
        DiffusionSampler.Sample(Scheduler(name, prediction), network, guidance, sample);
        return sample;
    }

    private static IScheduler Scheduler(string name, string prediction) => SchedulerCatalog.Create(
        name,
        SchedulerConfig.Parse(
            System.Text.Encoding.UTF8.GetBytes($$"""
            {
              "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "steps_offset": 1,
              "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
              "clip_sample": {{(prediction == "epsilon" ? "true" : "false")}},
              "set_alpha_to_one": false, "skip_prk_steps": true, "prediction_type": "{{prediction}}"
            }
            """), "test"),
        8);

    /// <summary>A convolution over the sample, with the timestep's features as bias of the channels.</summary>
    private sealed class Network : INoisePredictor, IStepTaker, IDisposable
    {
        private readonly ConvWeights _conv;
        private readonly LinearWeights _time;
        private readonly IDenoisingRun _run;

        public Network(GpuBackend backend, int rows)
        {
            _conv = backend.PrepareConv2d(
                new Conv2dSpec(Channels, Channels, 3, 3, 1, Padding.All(1)),
                OpCase.Weight(new Shape(Channels, Channels, 3, 3), "conv", 0.3f), null);
            _time = backend.PrepareLinear(
                new LinearSpec(Features, Channels), OpCase.Weight(new Shape(Channels, Features), "time", 0.3f), null);
            var batch = new Shape(rows * Pictures, Side, Side, Channels);
            _run = ((IStepOps)backend).StartRun(batch, rows, Features, (sample, features) =>
            {
                using Tensor time = backend.Linear(features, _time);
                return backend.Conv2d(sample, _conv, new Conv2dOperands { ChannelBias = time });
            });
        }

        public bool CanStep { get; init; } = true;

        /// <summary>The timestep from which on the network gives NaN.</summary>
        public float BreakFrom { get; init; } = -1;

        public void Begin(ReadOnlySpan<float> sample, float inputScale) => _run.Begin(sample, inputScale);

        public float Step(float timestep, in DenoiseStep step, float inputScale, ReadOnlySpan<float> weights) =>
            _run.Step(Describe(timestep), step, inputScale, weights);

        public void Read(Span<float> sample) => _run.Read(sample);

        public void Predict(
            ReadOnlySpan<float> latents, float timestep, ReadOnlySpan<Conditions> rows, Span<float> outputs) =>
            _run.Predict(latents, Describe(timestep), outputs);

        public void Dispose()
        {
            _run.Dispose();
            _conv.Dispose();
            _time.Dispose();
        }

        private float[] Describe(float timestep) => timestep < BreakFrom
            ? [float.NaN, 0, 0]
            : [timestep / 1000, MathF.Sin(timestep), MathF.Cos(timestep)];
    }
}

[Collection(OpenClCollection.Name)]
public sealed class OpenClFp32DenoisingRunTests(OpenClFp32Fixture fixture) : DenoisingRunTests(fixture, 1e-6);

/// <summary>On both sides predictions are fp16, and so are the network's inputs.</summary>
[Collection(OpenClCollection.Name)]
public sealed class OpenClFp16DenoisingRunTests(OpenClFp16Fixture fixture) : DenoisingRunTests(fixture, 2e-3);
