using PerCo.Engine.Imaging;
using PerCo.Engine.Tests.Codec;

namespace PerCo.Engine.Tests.Cli;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("percoengine-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a picture, with the folders that its name needs.</summary>
    public string Picture(string name, int width = 32, int height = 32)
    {
        string path = File(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        ImageFormats.Save(TestPictures.Meadow(width, height), path);
        return path;
    }

    /// <summary>Every file below a folder, hidden ones too, with forward slashes.</summary>
    public string[] All(string name = "") => Directory.Exists(File(name))
        ? [.. Directory.EnumerateFiles(File(name), "*", SearchOption.AllDirectories)
            .Select(f => System.IO.Path.GetRelativePath(File(name), f).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)]
        : [];

    public void Dispose() => Directory.Delete(Path, true);
}
