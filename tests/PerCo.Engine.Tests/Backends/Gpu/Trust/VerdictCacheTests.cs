using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.Trust;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Trust;

public sealed class VerdictCacheTests : IDisposable
{
    private static readonly GpuDeviceInfo Device = new("opencl", 0, "name", "version");

    private static readonly KernelVerdict[] Verdicts =
        [new("Linear", "linear_mma", false, "wrong, by \"much\""), new("Linear", "linear", true, null)];

    private readonly string _folder = Directory.CreateTempSubdirectory("percoengine-verdicts-").FullName;

    [Fact]
    public void Verdicts_are_kept_for_a_device_a_driver_and_a_precision()
    {
        var cache = new VerdictCache(Device, GpuPrecision.Fp16, _folder);
        Assert.Null(cache.Read());
        cache.Write(Verdicts);
        Assert.Equal(Verdicts, cache.Read()!);
        Assert.Null(new VerdictCache(Device, GpuPrecision.Fp32, _folder).Read());
        Assert.Null(new VerdictCache(Device with { Version = "2" }, GpuPrecision.Fp16, _folder).Read());
        Assert.Null(new VerdictCache(Device with { Name = "2" }, GpuPrecision.Fp16, _folder).Read());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"kernels\": 1}")]
    [InlineData("{\"kernels\": []}")]
    [InlineData("{\"kernels\": [{\"op\": 1}]}")]
    public void A_damaged_file_is_none(string content)
    {
        var cache = new VerdictCache(Device, GpuPrecision.Fp16, _folder);
        cache.Write(Verdicts);
        File.WriteAllText(Assert.Single(Directory.GetFiles(_folder)), content);
        Assert.Null(cache.Read());
        cache.Write(Verdicts);
        Assert.Equal(Verdicts, cache.Read()!);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_no_error()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var cache = new VerdictCache(Device, GpuPrecision.Fp16, Path.Combine(file, "below-a-file"));
        cache.Write(Verdicts);
        Assert.Null(cache.Read());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
