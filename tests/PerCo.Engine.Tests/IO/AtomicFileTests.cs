using PerCo.Engine.IO;
using Xunit;

namespace PerCo.Engine.Tests.IO;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder.File("out.bin");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ReplacesAndLeavesNothingElse()
    {
        AtomicFile.WriteAllBytes(Target, [1, 2]);
        AtomicFile.WriteAllBytes(Target, [3]);
        Assert.Equal([3], File.ReadAllBytes(Target));
        Assert.Single(_folder.Entries());
    }

    [Fact]
    public void AFailureKeepsTheOldFile()
    {
        AtomicFile.WriteAllBytes(Target, [1, 2]);
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.WriteByte(9);
            throw new InvalidOperationException("half way");
        }));
        Assert.Equal([1, 2], File.ReadAllBytes(Target));
        Assert.Single(_folder.Entries());
    }

    [Fact]
    public void RefusesToOverwriteBeforeComputing()
    {
        AtomicFile.WriteAllBytes(Target, [1]);
        bool wasAsked = false;
        PerCoException e = Assert.Throws<PerCoException>(
            () => AtomicFile.Write(Target, _ => wasAsked = true, overwrite: false));
        Assert.Contains("exists already", e.Message);
        Assert.False(wasAsked);
        Assert.Equal([1], File.ReadAllBytes(Target));
    }

    [Fact]
    public void AFolderIsNamed()
    {
        PerCoException e = Assert.Throws<PerCoException>(() => AtomicFile.WriteAllBytes(_folder.Path, [1]));
        Assert.Contains("folder", e.Message);
    }

    [Fact]
    public void AMissingFolderIsNamed()
    {
        string path = Path.Combine(_folder.Path, "none", "out.bin");
        PerCoException e = Assert.Throws<PerCoException>(() => AtomicFile.WriteAllBytes(path, [1]));
        Assert.StartsWith(path, e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [SkippableFact]
    public void ALinkKeepsPointing()
    {
        Skip.If(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        string link = _folder.File("link");
        AtomicFile.WriteAllBytes(Target, [1]);
        File.CreateSymbolicLink(link, Target);
        AtomicFile.WriteAllBytes(link, [2]);
        Assert.Equal([2], File.ReadAllBytes(Target));
        Assert.NotNull(new FileInfo(link).LinkTarget);
        File.Delete(Target);
        AtomicFile.WriteAllBytes(link, [3]);
        Assert.Equal([3], File.ReadAllBytes(Target));
    }

    [SkippableFact]
    public void ADeviceIsNotReplaced()
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no /dev/null on Windows");
        AtomicFile.WriteAllBytes("/dev/null", [1, 2, 3]);
        Assert.Empty(File.ReadAllBytes("/dev/null"));
    }
}
