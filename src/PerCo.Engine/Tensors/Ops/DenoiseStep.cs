namespace PerCo.Engine.Tensors.Ops;

/// <summary>
/// One step of a sampler without memory, as numbers. With x the sample, o_r the network's prediction under the r-th set
/// of conditions and w_r its weight (classifier-free guidance):
/// <code>
/// o = Σ w_r · o_r;   clean = clamp(SampleToClean · x + OutputToClean · o, ±Clip)
/// x ← CleanWeight · clean + SampleWeight · x + OutputWeight · o
/// </code>
/// </summary>
/// <param name="SampleToClean">Of x in the predicted clean sample.</param>
/// <param name="OutputToClean">Of o in the predicted clean sample.</param>
/// <param name="Clip">Bound of the clean sample; infinite for none.</param>
/// <param name="CleanWeight">Of the clean sample in the next one.</param>
/// <param name="SampleWeight">Of x in the next sample.</param>
/// <param name="OutputWeight">Of o in the next sample.</param>
internal readonly record struct DenoiseStep(
    float SampleToClean, float OutputToClean, float Clip, float CleanWeight, float SampleWeight, float OutputWeight)
{
    /// <summary>Most sets of conditions.</summary>
    public const int MaxRows = 3;

    /// <summary>Numbers of a step with everything that <see cref="Write"/> adds.</summary>
    public const int Numbers = 7 + MaxRows;

    /// <summary>The numbers in the order of kernels/denoise_step.cl.</summary>
    /// <param name="inputScale">What the network's next input is of the next sample.</param>
    /// <param name="weights">w_r, up to <see cref="MaxRows"/>.</param>
    /// <param name="numbers">Receives <see cref="Numbers"/> values.</param>
    public void Write(float inputScale, ReadOnlySpan<float> weights, Span<float> numbers)
    {
        numbers.Clear();
        numbers[0] = SampleToClean;
        numbers[1] = OutputToClean;
        numbers[2] = Clip;
        numbers[3] = CleanWeight;
        numbers[4] = SampleWeight;
        numbers[5] = OutputWeight;
        numbers[6] = inputScale;
        weights.CopyTo(numbers[7..]);
    }

    /// <summary>The definition: the step of one sample, given the guided prediction.</summary>
    public void Apply(ReadOnlySpan<float> output, Span<float> sample)
    {
        for (int i = 0; i < sample.Length; i++)
        {
            float clean = Math.Clamp((SampleToClean * sample[i]) + (OutputToClean * output[i]), -Clip, Clip);
            sample[i] = (CleanWeight * clean) + (SampleWeight * sample[i]) + (OutputWeight * output[i]);
        }
    }
}
