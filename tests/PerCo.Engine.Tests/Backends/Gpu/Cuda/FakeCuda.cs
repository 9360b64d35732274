using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda;

/// <summary>fake_cuda.c as a library, built where there is a C compiler.</summary>
internal sealed class FakeCuda : IDisposable
{
    private FakeCuda(string folder) => Folder = folder;

    /// <summary>Holds libcuda.so.1.</summary>
    public string Folder { get; }

    /// <summary>The library.</summary>
    public string Library => Path.Combine(Folder, "libcuda.so.1");

    /// <summary>Builds it; skips the test where that is not possible.</summary>
    public static FakeCuda Build(params string[] options)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the fake driver is built on Linux");
        var fake = new FakeCuda(Directory.CreateTempSubdirectory("percoengine-cuda-").FullName);
        string source = Path.Combine(
            TestPaths.Root, "tests", "PerCo.Engine.Tests", "Backends", "Gpu", "Cuda", "fake_cuda.c");
        try
        {
            using Process compiler = Process.Start(
                "cc", ["-shared", "-fPIC", .. options, "-o", fake.Library, source])!;
            compiler.WaitForExit();
            Assert.Equal(0, compiler.ExitCode);
        }
        catch (Win32Exception)
        {
            fake.Dispose();
            Skip.If(true, "there is no C compiler (cc) to build the fake driver with");
        }

        return fake;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
