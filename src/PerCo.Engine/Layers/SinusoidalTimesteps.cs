namespace PerCo.Engine.Layers;

/// <summary>
/// Sines and cosines of a timestep at geometrically falling frequencies (Ho et al. 2020, after Vaswani et al. 2017,
/// sec. 3.5; diffusers get_timestep_embedding).
/// </summary>
internal sealed class SinusoidalTimesteps
{
    private const double MaxPeriod = 10000;

    private readonly float[] _frequencies;
    private readonly bool _cosineFirst;

    /// <summary>Prepares the frequencies.</summary>
    /// <param name="channels">Length of an embedding; the last entry is 0 where it is odd.</param>
    /// <param name="cosineFirst">Whether the cosines come before the sines (<c>flip_sin_to_cos</c>).</param>
    /// <param name="frequencyShift">Taken from the number of steps between the frequencies (<c>freq_shift</c>).</param>
    public SinusoidalTimesteps(int channels, bool cosineFirst, int frequencyShift)
    {
        Channels = channels;
        _cosineFirst = cosineFirst;
        _frequencies = new float[channels / 2];
        for (int i = 0; i < _frequencies.Length; i++)
        {
            // Rounded to fp32 at every step as torch does it: at t = 999 a frequency's last bit is 6e-5 of phase.
            float exponent = (float)-Math.Log(MaxPeriod) * i / (_frequencies.Length - frequencyShift);
            _frequencies[i] = MathF.Exp(exponent);
        }
    }

    /// <summary>Length of an embedding.</summary>
    public int Channels { get; }

    /// <summary>Writes the embedding of <paramref name="timestep"/>, <see cref="Channels"/> values.</summary>
    public void Write(float timestep, Span<float> destination)
    {
        int half = _frequencies.Length;
        Span<float> sines = destination.Slice(_cosineFirst ? half : 0, half);
        Span<float> cosines = destination.Slice(_cosineFirst ? 0 : half, half);
        for (int i = 0; i < half; i++)
        {
            float angle = timestep * _frequencies[i];
            sines[i] = (float)Math.Sin(angle);
            cosines[i] = (float)Math.Cos(angle);
        }

        destination[(2 * half)..Channels].Clear();
    }
}
