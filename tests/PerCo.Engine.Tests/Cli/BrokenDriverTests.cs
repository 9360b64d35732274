using PerCo.Engine.Tests.Backends.Gpu.Cuda;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>
/// Drivers that are missing or broken, for the whole program: one line on standard error, and the CPU computes, unless
/// the user named the device.
/// </summary>
public sealed class BrokenDriverTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [SkippableTheory]
    [InlineData("init-fails", "cuInit failed with CUDA_ERROR_UNKNOWN (999)")]
    [InlineData("no-device", "no device was found", "no GPU was found")]
    [InlineData("old", "has compute capability 6.0")]
    [InlineData("out-of-memory", "CUDA_ERROR_OUT_OF_MEMORY (2)")]
    [InlineData("bad-ptx", "CUDA_ERROR_INVALID_PTX (218)")]
    [InlineData("computes-nothing", "is wrong on this device")]
    public void Cuda(string mode, string named, string? automatic = null)
    {
        using var fake = FakeCuda.Build();
        string environment = $"export LD_LIBRARY_PATH={fake.Folder} FAKE_CUDA={mode} PERCOENGINE_CACHE=off";
        Check(environment, "cuda", named, automatic ?? named);
    }

    [SkippableFact]
    public void Cuda_library_without_the_entry_points()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "needs Linux");
        string library = Directory.CreateDirectory(Path.Combine(_folder.Path, "lib")).FullName;
        File.CreateSymbolicLink(Path.Combine(library, "libcuda.so.1"), LibC());
        Check($"export LD_LIBRARY_PATH={library}", "cuda", "lacks cuInit", "lacks cuInit");
    }

    [SkippableFact]
    public void No_cuda_library()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "needs Linux");
        Skip.If(CliProcess.Run("devices").Output.Contains("cuda:0", StringComparison.Ordinal), "there is a GPU");
        Check("true", "cuda", "or use OpenCL or the CPU. Use --device opencl or --device cpu.", "was not found");
    }

    [SkippableTheory]
    [InlineData("empty")]
    [InlineData("missing")]
    [InlineData("bad")]
    public void OpenCl_loader_without_devices(string kind)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "needs Linux");
        var probe = CliProcess.Run("devices");
        Skip.If(probe.Output.Contains("OpenCL.so.1 was not found", StringComparison.Ordinal), "no OpenCL loader");
        string vendors = Path.Combine(_folder.Path, kind);
        if (kind != "missing")
        {
            Directory.CreateDirectory(vendors);
        }

        if (kind == "bad")
        {
            File.WriteAllText(Path.Combine(vendors, "bad.icd"), "/no/such/library.so\n");
        }

        var run = Decode($"export OCL_ICD_VENDORS={vendors}/", "--device opencl");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("opencl: no device was found", Line(run.Error), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private void Check(string environment, string device, string named, string automatic)
    {
        var explicitly = Decode(environment, $"--device {device}");
        Assert.Equal(1, explicitly.ExitCode);
        Assert.Contains(named, explicitly.Error, StringComparison.Ordinal);
        Assert.Equal("", explicitly.Output);

        var anyhow = Decode(environment, "");
        Assert.Equal(0, anyhow.ExitCode);
        Assert.Contains("the CPU computes", anyhow.Error, StringComparison.Ordinal);
        Assert.Contains(automatic, anyhow.Error, StringComparison.Ordinal);
        Assert.Equal(0, Decode(environment, "-q").ExitCode);
    }

    private (int ExitCode, string Output, string Error) Decode(string environment, string options)
    {
        string picture = Path.Combine(_folder.Path, "a.png");
        if (!File.Exists(picture))
        {
            picture = _folder.Picture("a.png");
        }

        return CliProcess.Shell(
            $"{environment}; $P encode {picture} -o {_folder.Path}/a.perco --no-caption --force {options}");
    }

    private static string Line(string error) => Assert.Single(error.Trim().Split('\n'));

    private static string LibC() =>
        new[] { "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6" }
            .FirstOrDefault(File.Exists) is { } path ? path : throw new SkipException("libc.so.6 is elsewhere");
}
