using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks;

/// <summary>Inputs and outputs of a reference implementation, in its layout [batch, channels, height, width].</summary>
internal sealed class NetworkCase : IDisposable
{
    // What the names of all synthetic values begin with.
    private const string Tag = "dev";

    private readonly SafetensorsFile _arrays;

    private NetworkCase(string arrays) => _arrays = SafetensorsFile.Open(arrays);

    /// <summary>Opens a file of tests/goldens.</summary>
    public static NetworkCase Open(string file) => new(TestPaths.Goldens(file));

    /// <summary>Opens a file of the shared reference cases, or skips the test.</summary>
    public static NetworkCase OpenShared(string file)
    {
        Skip.If(TestPaths.Shared is null, "The shared reference cases are not beside the repository.");
        return new NetworkCase(SharedPath(file));
    }

    /// <summary>A path among the shared reference cases.</summary>
    public static string SharedPath(string file) => Path.Combine(TestPaths.Shared!, "goldens", file);

    /// <summary>The checkpoint of synthetic values whose tensors a parameters.json lists.</summary>
    public static SyntheticWeights Weights(string parameters) => SyntheticWeights.Load(parameters, Tag);

    /// <summary>A synthetic input, all values times <paramref name="scale"/>.</summary>
    public static float[] Input(string name, Shape shape, float scale) =>
        Array.ConvertAll(SyntheticTensors.Tensor($"{Tag}/{name}", shape), value => value * scale);

    public IEnumerable<string> Names => _arrays.Keys;

    public HostTensor this[string name] =>
        _arrays.TryGet(name, out HostTensor? tensor) ? tensor : throw new KeyNotFoundException(name);

    /// <summary>An array on a backend, with the channels moved innermost where there are four extents.</summary>
    public Tensor Upload(Backend backend, string name) => Upload(backend, this[name].Shape, this[name].ToFloats());

    /// <inheritdoc cref="Upload(Backend, string)"/>
    public static Tensor Upload(Backend backend, Shape shape, float[] values)
    {
        if (shape.Rank != 4)
        {
            return backend.Upload(shape, values);
        }

        float[] moved = ChannelsLast(shape, values);
        return backend.Upload(new Shape(shape[0], shape[2], shape[3], shape[1]), moved);
    }

    /// <summary>
    /// rms(value − expected) / rms(expected), after moving the channels innermost in the expected array.
    /// </summary>
    public double Error(string name, Tensor value)
    {
        Shape shape = this[name].Shape;
        float[] expected = this[name].ToFloats();
        Assert.Equal(
            shape.Rank == 4 ? new Shape(shape[0], shape[2], shape[3], shape[1]) : shape, value.Shape);
        return Error(shape.Rank == 4 ? ChannelsLast(shape, expected) : expected, value.ToFloats());
    }

    /// <summary>rms(actual − expected) / rms(expected).</summary>
    public static double Error(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double squares = 0, errors = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            squares += (double)expected[i] * expected[i];
            errors += ((double)actual[i] - expected[i]) * ((double)actual[i] - expected[i]);
        }

        return Math.Sqrt(errors / squares);
    }

    public void Dispose() => _arrays.Dispose();

    private static float[] ChannelsLast(Shape shape, float[] values)
    {
        int channels = shape[1], positions = shape[2] * shape[3];
        var moved = new float[values.Length];
        for (int b = 0; b < shape[0]; b++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int p = 0; p < positions; p++)
                {
                    moved[((b * positions) + p) * channels + c] = values[(((b * channels) + c) * positions) + p];
                }
            }
        }

        return moved;
    }
}
