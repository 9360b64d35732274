using PerCo.Engine.Diffusion;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Networks.ClipText;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Hostile;

/// <summary>The JSON files of a model folder.</summary>
public sealed class ConfigMutationTests
{
    private static readonly (string File, Action<string, byte[]> Read)[] Kinds =
    [
        ("vae/config.json", (name, json) => VaeConfig.Read(ConfigReader.Parse(name, json))),
        ("unet/config.json", (name, json) => UNetConfig.Read(ConfigReader.Parse(name, json))),
        ("hyper_enc/config.json", (name, json) => HyperEncoderConfig.Read(ConfigReader.Parse(name, json))),
        ("text_encoder/config.json", (name, json) => ClipTextConfig.Read(ConfigReader.Parse(name, json))),
        ("captioner/config.json", (name, json) => Blip2Config.Read(ConfigReader.Parse(name, json))),
        ("scheduler/scheduler_config.json", (name, json) =>
            SchedulerCatalog.Create(null, SchedulerConfig.Parse(json, name), steps: 5)),
    ];

    [Fact]
    public void Changed_files_are_read_or_refused() => HostileRun.All(
        [.. Kinds.Select(kind => File.ReadAllBytes(Path.Combine(TestPaths.DefaultModel, kind.File)))],
        new Mutator(
            7, "1e999"u8.ToArray(), "-1"u8.ToArray(), "null"u8.ToArray(), "[]"u8.ToArray(), "{}"u8.ToArray(),
            "2147483647"u8.ToArray(), "99999999999999999999"u8.ToArray(), "\""u8.ToArray(), "0"u8.ToArray(),
            "true"u8.ToArray(), "NaN"u8.ToArray(), "\"\\ud800\""u8.ToArray()),
        null,
        (bytes, original) => Kinds[original].Read(Kinds[original].File, bytes));
}
