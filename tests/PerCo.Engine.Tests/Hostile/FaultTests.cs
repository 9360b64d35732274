using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.IO;
using PerCo.Engine.Tests.Codec;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Hostile;

/// <summary>Disks and folders that fail: one clear error, and nothing half-written.</summary>
public sealed class FaultTests : IDisposable
{
    private static readonly PerCoFile File = PerCoFileTests.Sample(64, 48, new CodeGrid(16, 256));

    private readonly TemporaryFolder _folder = new();

    [SkippableFact]
    public void A_full_disk_is_an_error()
    {
        Skip.IfNot(System.IO.File.Exists("/dev/full"), "This system has no /dev/full.");
        AssertError("/dev/full", () => File.Save("/dev/full", overwrite: true));

        // A picture's name chooses its format, so the full disk hides behind a link.
        string link = _folder.File("picture.png");
        System.IO.File.CreateSymbolicLink(link, "/dev/full");
        AssertError(link, () => ImageFormats.Save(TestPictures.Meadow(32, 32), link));
        Assert.Equal("/dev/full", new FileInfo(link).LinkTarget);
        Assert.Single(_folder.Entries());
    }

    [Fact]
    public void A_disk_that_fills_up_under_way_keeps_the_old_file()
    {
        string path = _folder.File("old.perco");
        File.Save(path);
        byte[] old = System.IO.File.ReadAllBytes(path);
        AssertError(path, () => AtomicFile.Write(path, stream =>
        {
            stream.Write(new byte[100_000]);
            stream.Flush();
            throw new IOException("No space left on device");
        }));
        Assert.Equal(old, System.IO.File.ReadAllBytes(path));
        Assert.Single(_folder.Entries());
    }

    [SkippableFact]
    public void A_read_only_folder_is_an_error()
    {
        Skip.IfNot(Directory.Exists("/proc/self"), "This system has no /proc, which not even root writes to.");
        AssertError("/proc/self/x.perco", () => File.Save("/proc/self/x.perco"));
        AssertError("/proc/self/x.png", () => ImageFormats.Save(TestPictures.Meadow(32, 32), "/proc/self/x.png"));
    }

    [Fact]
    public void A_file_as_a_folder_is_an_error()
    {
        System.IO.File.WriteAllText(_folder.File("plain"), "text");
        string path = Path.Combine(_folder.File("plain"), "x.perco");
        AssertError(path, () => File.Save(path));
        AssertError(path, () => PerCoFile.Load(path));
        AssertError(path, () => ImageFormats.Save(TestPictures.Meadow(32, 32), Path.ChangeExtension(path, ".png")));
        Assert.Equal("text", System.IO.File.ReadAllText(_folder.File("plain")));
    }

    [Fact]
    public void A_folder_that_is_deleted_under_way_is_an_error()
    {
        string folder = Directory.CreateDirectory(_folder.File("gone")).FullName;
        string path = Path.Combine(folder, "x.perco");
        AssertError(path, () => AtomicFile.Write(path, stream =>
        {
            stream.Write(File.ToBytes());
            Directory.Delete(folder, recursive: true);
        }));
        Assert.Empty(_folder.Entries());
    }

    [Fact]
    public void A_file_that_is_deleted_under_way_was_read_or_is_an_error()
    {
        string path = _folder.File("x.perco");
        File.Save(path);
        using (FileStream open = System.IO.File.Open(path, FileMode.Open, FileAccess.Read, FileShare.Delete))
        {
            System.IO.File.Delete(path);
            Assert.Equal(File.Caption, PerCoFile.Load(open).Caption);
        }

        AssertError(path, () => PerCoFile.Load(path));
        AssertError(path, () => ImageFormats.Load(path));
        AssertError(path, () => ConfigReader.Load(path));
        AssertError(path, () => SafetensorsFile.Open(path));
    }

    [Fact]
    public void A_folder_where_a_file_is_expected_is_an_error()
    {
        string path = Directory.CreateDirectory(_folder.File("folder.png")).FullName;
        AssertError(path, () => PerCoFile.Load(path));
        AssertError(path, () => ImageFormats.Load(path));
        AssertError(path, () => ConfigReader.Load(path));
        AssertError(path, () => SafetensorsFile.Open(path));
        AssertError(path, () => File.Save(path, overwrite: true));
        AssertError(path, () => ImageFormats.Save(TestPictures.Meadow(32, 32), path));
        Assert.Empty(Directory.GetFileSystemEntries(path));
        Assert.Single(_folder.Entries());
    }

    [Fact]
    public void A_model_with_a_damaged_part_says_which()
    {
        string model = CopyModel();
        System.IO.File.WriteAllText(Path.Combine(model, "vae", "config.json"), "{");
        using PerCoModel opened = PerCoModel.Open(model);
        AssertError("vae", () => new PerCoEncoder(opened).Encode(
            TestPictures.Meadow(32, 32), new EncodeOptions { Caption = "" }));
        System.IO.File.Delete(Path.Combine(model, "perco.json"));
        Directory.Delete(Path.Combine(model, "vae"), recursive: true);
        AssertError("vae", () => PerCoModel.Open(model));
    }

    public void Dispose() => _folder.Dispose();

    private static void AssertError(string expected, Action act)
    {
        PerCoException e = Assert.ThrowsAny<PerCoException>(act);
        Assert.Contains(Path.GetFileNameWithoutExtension(expected), e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    private string CopyModel()
    {
        string model = _folder.File("model");
        foreach (string file in Directory.EnumerateFiles(TestPaths.DefaultModel, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(model, Path.GetRelativePath(TestPaths.DefaultModel, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            if (Path.GetExtension(file) != ".safetensors")
            {
                System.IO.File.Copy(file, copy);
            }
        }

        return model;
    }
}
