using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.OpenCl;
using PerCo.Engine.Tensors;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

[Collection(OpenClCollection.Name)]
public sealed class OpenClDriverTests(OpenClFp32Fixture fixture)
{
    private static readonly GpuDeviceInfo SomeDevice = new("opencl", 0, "name", "version");

    [SkippableFact]
    public void DevicesAreListedWithWhatTheyHave()
    {
        Assert.NotNull(fixture.Backend);
        IReadOnlyList<GpuDeviceInfo> devices = new OpenClDriver().Enumerate();
        Assert.NotEmpty(devices);
        Assert.All(devices, device => Assert.True(
            device.Name.Length > 0 && device.Memory > 0 && device.ComputeUnits > 0 && device.LargestBuffer > 0));
        Assert.Equal(Enumerable.Range(0, devices.Count), devices.Select(device => device.Index));
    }

    [SkippableFact]
    public void ADeviceThatIsNotThereIsNamed()
    {
        Assert.NotNull(fixture.Backend);
        var error = Assert.Throws<PerCoException>(() => BackendCatalog.Create("opencl:99"));
        Assert.Contains("opencl:99", error.Message, StringComparison.Ordinal);
        Assert.Contains("percoengine devices", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cpu:1")]
    [InlineData("opencl:")]
    [InlineData("opencl:-1")]
    [InlineData("opencl:x")]
    public void AMistypedDeviceIsNotKnown(string name) =>
        Assert.Contains("is not known", Assert.Throws<PerCoException>(() => BackendCatalog.Create(name)).Message,
            StringComparison.Ordinal);

    [SkippableFact]
    public void ASecondPassAllocatesNothing()
    {
        var backend = (GpuBackend)fixture.Backend;
        Pass();
        long before = backend.DeviceAllocations;
        Pass();
        Assert.Equal(before, backend.DeviceAllocations);

        void Pass()
        {
            using var op = new OpCase(backend);
            Tensor x = op.Random(new Shape(1, 6, 7, 12), "x");
            using Tensor sum = backend.Add(x, x);
            using Tensor larger = backend.UpsampleNearest(sum, 12, 14);
        }
    }

    [Fact]
    public void AMissingLoaderIsOneLineWithWhatToDo()
    {
        var error = Assert.Throws<PerCoException>(() => OpenClApi.Load(["no-such-opencl.so.1"]));
        Assert.StartsWith("OpenCL: no-such-opencl.so.1 was not found.", error.Message, StringComparison.Ordinal);
        Assert.Contains("or use the CPU", error.Message, StringComparison.Ordinal);
        Assert.Equal([Remedy.Cpu], error.Remedies);
        Assert.DoesNotContain('\n', error.Message);
    }

    [SkippableFact]
    public void AProgramThatDoesNotBuildGivesTheStatusNameAndTheDriversLog()
    {
        var device = (OpenClDevice)((GpuBackend)fixture.Backend).Hardware;
        string source = $"__kernel void f() {{ no_such_name_{Guid.NewGuid():N} = 1; }}";
        var error = Assert.Throws<OpenClException>(
            () => device.Load(new GpuProgram("broken", GpuPrecision.Fp32), source));
        Assert.Contains("CL_BUILD_PROGRAM_FAILURE", error.Message, StringComparison.Ordinal);
        Assert.Contains("broken.cl", error.Message, StringComparison.Ordinal);
        Assert.Contains("no_such_name", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void ABufferBeyondTheDevicesLimitIsRefusedWithBothSizes()
    {
        GpuDevice device = ((GpuBackend)fixture.Backend).Hardware;
        var error = Assert.Throws<PerCoException>(() => device.Allocate(device.Info.LargestBuffer + 1));
        Assert.Contains(
            $"the device allows {device.Info.LargestBuffer >> 20} MiB", error.Message, StringComparison.Ordinal);
        Assert.Equal([Remedy.Fp16, Remedy.Cpu], error.Remedies);
    }

    [Fact]
    public void ABinaryIsCachedAndADamagedOneIsNot()
    {
        string folder = Directory.CreateTempSubdirectory("percoengine-test").FullName;
        try
        {
            BinaryCache cache = BinaryCache.For(SomeDevice, "source", "options", folder);
            Assert.Null(cache.Read());
            cache.Write([1, 2, 3]);
            Assert.Equal([1, 2, 3], cache.Read()!);
            Assert.Null(BinaryCache.For(SomeDevice, "source 2", "options", folder).Read());
            Assert.Null(BinaryCache.For(SomeDevice with { Version = "2" }, "source", "options", folder).Read());
            string file = Assert.Single(Directory.GetFiles(folder));
            File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
            Assert.Null(cache.Read());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void ACacheThatCannotBeWrittenIsNone()
    {
        string file = Path.GetTempFileName();
        BinaryCache cache = BinaryCache.For(SomeDevice, "source", "options", Path.Combine(file, "below-a-file"));
        cache.Write([1, 2, 3]);
        Assert.Null(cache.Read());
        File.Delete(file);
    }
}
