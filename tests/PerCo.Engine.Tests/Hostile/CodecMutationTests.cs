using PerCo.Engine.Codec;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Hostile;

public sealed class PerCoFileMutationTests
{
    [Fact]
    public void Changed_files_are_read_or_refused() => HostileRun.All(
        [.. ((string[])
            [
                "rate-0", "rate-4", "product-3", "spelled-3", "spelled-largest-codebook", "caption-mixed",
                "codes-only-odd", "options-all", "text-only-longest",
            ])
            .Select(name => File.ReadAllBytes(TestPaths.Goldens($"conformance/{name}.perco")))],
        new Mutator(4, [0x7F], [0x1F], [0x1E], [0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0x80, 0x80, 0x40]),
        Mutator.RepairPerCo,
        bytes =>
        {
            PerCoFile file = PerCoFile.Parse(bytes);
            Assert.Equal(file.Grid.Count(file.Width, file.Height), file.Indices.Count);
            Assert.All(file.Indices.Take(100), code => Assert.InRange(code, 0, file.Grid.Entries - 1));
        });
}

public sealed class PercoSdMutationTests
{
    [Fact]
    public void Changed_files_are_read_or_refused() => HostileRun.All(
        [.. ((string[])["0.0019", "0.0024", "0.0098"])
            .Select(rate => File.ReadAllBytes(TestPaths.Goldens($"bitstreams/{rate}.pkl")))],
        new Mutator(
            5, "cos\nsystem\n"u8.ToArray(), [0x85], [0x94], [0x8E, 255, 255, 255, 255, 0, 0, 0, 0], [(byte)'}']),
        null,
        bytes => PerCoFile.FromPercoSd(bytes, modelIdentity: 1));
}

public sealed class SafetensorsMutationTests : IDisposable
{
    // In memory where there is such a folder: a disk takes milliseconds a file.
    private readonly string _path = Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), Path.GetRandomFileName());

    [Fact]
    public void Changed_files_are_read_or_refused() => HostileRun.All(
        [
            File.ReadAllBytes(TestPaths.Goldens("torch_noise/io.safetensors")),
            Small(),
        ],
        new Mutator(
            6, "\"F64\""u8.ToArray(), "\"BOOL\""u8.ToArray(), "18446744073709551615"u8.ToArray(), "-1"u8.ToArray(),
            "[[]]"u8.ToArray(), "}"u8.ToArray(), "\"a\""u8.ToArray(), "1e99"u8.ToArray()),
        null,
        Read);

    public void Dispose() => File.Delete(_path);

    private void Read(byte[] bytes)
    {
        File.WriteAllBytes(_path, bytes);
        using SafetensorsFile file = SafetensorsFile.Open(_path);
        foreach (string key in file.Keys)
        {
            Assert.True(file.TryGet(key, out var tensor));
            Assert.Equal(tensor.Bytes.Length, tensor.Bytes.ToArray().Length);
        }
    }

    private static byte[] Small()
    {
        byte[] header = [.. """
            {"__metadata__":{"format":"pt"},
             "a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
             "b":{"dtype":"F16","shape":[4],"data_offsets":[24,32]}}
            """u8];
        return [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[32]];
    }
}
