using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Tests.Networks.Blip2;

/// <summary>The small captioner whose outputs in transformers are in tests/goldens/blip2.</summary>
internal static class Blip2Case
{
    public static string Folder { get; } = TestPaths.Goldens("blip2");

    public static string ModelFolder { get; } = Path.Combine(Folder, "model");

    public static Blip2Config Config { get; } = Blip2Config.Load(ModelFolder);

    public static InMemoryWeights Weights { get; } = NewWeights();

    public static SafetensorsFile OpenArrays() => SafetensorsFile.Open(Path.Combine(Folder, "io.safetensors"));

    public static InMemoryWeights NewWeights() =>
        NetworkGolden.Copy(NetworkCase.Weights(Path.Combine(ModelFolder, "parameters.json")));
}
