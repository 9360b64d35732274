using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks;

/// <summary>What the tests of the text networks share: a bound, and arrays of files by name.</summary>
internal static class NetworkGolden
{
    /// <summary>
    /// A whole network in fp32 against PyTorch in fp32: both round in every layer, each in its own order. A tenth of
    /// what users are promised (1e-4).
    /// </summary>
    public static Tolerance Network { get; } = new(1e-5, 1e-4);

    public static float[] Floats(IWeightSource file, string name) => Get(file, name).ToFloats();

    public static int[] Ints(IWeightSource file, string name) =>
        Array.ConvertAll(Get(file, name).ToInt64s(), i => checked((int)i));

    /// <summary>An array on a backend, with the channels moved innermost where there are four extents.</summary>
    public static Tensor Upload(Backend backend, IWeightSource file, string name) =>
        NetworkCase.Upload(backend, Get(file, name).Shape, Floats(file, name));

    /// <summary>The same tensors in a checkpoint that a test may change.</summary>
    public static InMemoryWeights Copy(IWeightSource source)
    {
        var result = new InMemoryWeights(source.Name);
        foreach (string key in source.Keys)
        {
            result.Add(key, Get(source, key));
        }

        return result;
    }

    public static HostTensor Get(IWeightSource file, string name)
    {
        Assert.True(file.TryGet(name, out HostTensor? tensor), $"{file.Name} lacks '{name}'.");
        return tensor;
    }
}
