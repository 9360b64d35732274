using PerCo.Engine.Imaging;
using PerCo.Engine.Tests.Codec;

namespace PerCo.Engine.Tests;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("percoengine-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a text file, with the folders that its name needs, and returns its path.</summary>
    public string Text(string name, string content)
    {
        string path = Prepare(name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Writes a binary file, with the folders that its name needs, and returns its path.</summary>
    public string Bytes(string name, params ReadOnlySpan<byte> content)
    {
        string path = Prepare(name);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>Writes a picture, with the folders that its name needs, and returns its path.</summary>
    public string Picture(string name, int width = 32, int height = 32)
    {
        string path = Prepare(name);
        ImageFormats.Save(TestPictures.Meadow(width, height), path);
        return path;
    }

    /// <summary>Every file below a folder, hidden ones too, with forward slashes.</summary>
    public string[] All(string name = "") => Directory.Exists(File(name))
        ? [.. Directory.EnumerateFiles(File(name), "*", SearchOption.AllDirectories)
            .Select(f => System.IO.Path.GetRelativePath(File(name), f).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)]
        : [];

    /// <summary>The files and folders right in it.</summary>
    public string[] Entries() => Directory.GetFileSystemEntries(Path);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private string Prepare(string name)
    {
        string path = File(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        return path;
    }
}
