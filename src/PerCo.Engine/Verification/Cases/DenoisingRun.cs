using PerCo.Engine.Codec;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Verification.Cases;

/// <summary>The denoising loop of a case, with the sample after its first step.</summary>
internal sealed class DenoisingRun : IProgress<SamplingProgress>
{
    private readonly float[] _sample;
    private readonly IStepTaker? _taker;

    private DenoisingRun(float[] sample, IStepTaker? taker)
    {
        _sample = sample;
        _taker = taker;
    }

    /// <summary>The sample after the first step, [height, width, channels].</summary>
    public float[] First { get; private set; } = [];

    /// <summary>The sample after the last step, [height, width, channels].</summary>
    public float[] Last => _sample;

    /// <summary>Runs the loop.</summary>
    /// <param name="unet">The network.</param>
    /// <param name="scheduler">For one run.</param>
    /// <param name="guidance">Scale on the text.</param>
    /// <param name="local">z_l.</param>
    /// <param name="text">Features of caption and of no text.</param>
    /// <param name="shape">Our shape of the latent, [1, height, width, channels].</param>
    /// <param name="noise">What the run starts from; overwritten.</param>
    /// <param name="cancellation">Looked at before each step.</param>
    public static DenoisingRun Execute(
        UNet unet, IScheduler scheduler, double guidance, Tensor local, TextConditions text, Shape shape,
        float[] noise, CancellationToken cancellation)
    {
        Guidance scales = Guidance.Text((float)guidance);
        using var predictor = new UNetNoisePredictor(unet, local, text, scales.Rows, shape.Height, shape.Width);
        var run = new DenoisingRun(noise, DiffusionSampler.StepTaker(scheduler, predictor));
        DiffusionSampler.Sample(scheduler, predictor, scales, noise, run, cancellation);
        return run;
    }

    /// <inheritdoc/>
    public void Report(SamplingProgress value)
    {
        if (value.Step == 1)
        {
            _taker?.Read(_sample);
            First = [.. _sample];
        }
    }
}
