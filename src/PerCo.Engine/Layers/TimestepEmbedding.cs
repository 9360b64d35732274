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

    /// <summary>Numbers that <see cref="Forward(Tensor)"/> takes for a timestep.</summary>
    public int Features => _timesteps.Channels;

    /// <summary>Writes the <see cref="Features"/> of a timestep.</summary>
    public void WriteFeatures(float timestep, Span<float> features) => _timesteps.Write(timestep, features);

    /// <summary>
    /// SiLU of the embedding, [batch, channels]: every residual block takes it before its own projection, so it is
    /// computed once here.
    /// </summary>
    /// <param name="features">[batch, features], from <see cref="WriteFeatures"/>.</param>
    public Tensor Forward(Tensor features)
    {
        using var hidden = new HiddenState(_linear1.Forward(features));
        hidden.Next(_tap.Report(_linear2.Forward(hidden.Value)));
        return features.Backend.Activate(hidden.Value, Activation.Silu);
    }

    /// <summary>The same from one timestep for each picture of the batch.</summary>
    public Tensor Forward(Backends.Backend backend, ReadOnlySpan<float> timesteps)
    {
        int count = checked(timesteps.Length * Features);
        Span<float> values = count <= StackFloats ? stackalloc float[count] : new float[count];
        for (int i = 0; i < timesteps.Length; i++)
        {
            WriteFeatures(timesteps[i], values.Slice(i * Features, Features));
        }

        using Tensor features = backend.Upload(new Shape(timesteps.Length, Features), values);
        return Forward(features);
    }
}
