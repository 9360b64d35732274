using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Layers;

/// <summary>What a U-Net knows of the time: two matrices over the sines and cosines of the timestep.</summary>
internal sealed class TimestepEmbedding
{
    private const int StackFloats = 2048;

    private readonly SinusoidalTimesteps _timesteps;
    private readonly Linear _linear1;
    private readonly Linear _linear2;
    private readonly TapPoint _tap;

    /// <summary>Builds the layer from <c>linear_1</c> and <c>linear_2</c> below <paramref name="scope"/>.</summary>
    public TimestepEmbedding(LayerScope scope, SinusoidalTimesteps timesteps, int channels)
    {
        _timesteps = timesteps;
        _linear1 = new Linear(scope["linear_1"], timesteps.Channels, channels, Activation.Silu, bias: true);
        _linear2 = new Linear(scope["linear_2"], channels, channels, bias: true);
        _tap = scope.TapHere();
    }

    /// <summary>
    /// SiLU of the embedding, [batch, channels]: every residual block takes it before its own projection, so it is
    /// computed once here.
    /// </summary>
    /// <param name="backend">Where the result is wanted.</param>
    /// <param name="timesteps">One timestep for each picture of the batch.</param>
    public Tensor Forward(Backends.Backend backend, ReadOnlySpan<float> timesteps)
    {
        int channels = _timesteps.Channels;
        int count = checked(timesteps.Length * channels);
        Span<float> values = count <= StackFloats ? stackalloc float[count] : new float[count];
        for (int i = 0; i < timesteps.Length; i++)
        {
            _timesteps.Write(timesteps[i], values.Slice(i * channels, channels));
        }

        using var hidden = new HiddenState(backend.Upload(new Shape(timesteps.Length, channels), values));
        hidden.Next(_linear1.Forward(hidden.Value));
        hidden.Next(_tap.Report(_linear2.Forward(hidden.Value)));
        return backend.Activate(hidden.Value, Activation.Silu);
    }
}
