using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks;

/// <summary>What the tests of networks share: backends by name, and arrays of reference cases.</summary>
internal static class NetworkGolden
{
    /// <summary>
    /// A whole network in fp32 against PyTorch in fp32: both round in every layer, each in its own order. A tenth of
    /// what users are promised (1e-4).
    /// </summary>
    public static Tolerance Network { get; } = new(1e-5, 1e-4);

    public static Backend Create(string backend) => backend switch
    {
        "reference" => new ReferenceBackend(),
        "cpu" => new CpuBackend(),
        _ => throw new ArgumentException($"No backend '{backend}'."),
    };

    public static float[] Floats(IWeightSource file, string name) => Get(file, name).ToFloats();

    public static int[] Ints(IWeightSource file, string name) =>
        Array.ConvertAll(Get(file, name).ToInt64s(), i => checked((int)i));

    /// <summary>A picture [1, channels, height, width] as the engine lays it out.</summary>
    public static Tensor UploadPicture(Backend backend, HostTensor picture)
    {
        Shape s = picture.Shape;
        return backend.Upload(new Shape(1, s[2], s[3], s[1]), ToChannelsLast(picture.ToFloats(), s[1]));
    }

    /// <summary>[channels, positions] → [positions, channels].</summary>
    public static float[] ToChannelsLast(float[] values, int channels)
    {
        int positions = values.Length / channels;
        var result = new float[values.Length];
        for (int c = 0; c < channels; c++)
        {
            for (int p = 0; p < positions; p++)
            {
                result[p * channels + c] = values[c * positions + p];
            }
        }

        return result;
    }

    public static HostTensor Get(IWeightSource file, string name)
    {
        Assert.True(file.TryGet(name, out HostTensor? tensor), $"{file.Name} lacks '{name}'.");
        return tensor;
    }
}
