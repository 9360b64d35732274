using System.Text;
using PerCo.Engine.IO;

namespace PerCo.Engine.Backends.Gpu.OpenCl;

/// <summary>
/// Built programs in the user's cache folder, one file for source, options, device and driver. Where the folder cannot
/// be read or written there is no cache, which costs time only.
/// </summary>
internal sealed class BinaryCache
{
    // A binary of these kernels has some 100 kB; a file that is far larger is none.
    private const long LargestFile = 64 << 20;

    private readonly string? _path;

    private BinaryCache(string? path) => _path = path;

    /// <summary>The entry of a program.</summary>
    /// <param name="device">The device; name and driver version are part of the key.</param>
    /// <param name="source">The whole source.</param>
    /// <param name="options">Compiler options.</param>
    /// <param name="folder">The folder; the user's by default.</param>
    public static BinaryCache For(GpuDeviceInfo device, string source, string options, string? folder = null)
    {
        folder ??= CacheFolder.For("opencl");
        string key = string.Join('\0', device.Name, device.Version, options, source);
        string hash = Convert.ToHexStringLower(Sha256.HashData(Encoding.UTF8.GetBytes(key)));
        return new BinaryCache(folder is null ? null : Path.Combine(folder, hash + ".bin"));
    }

    /// <summary>The binary, or null.</summary>
    public byte[]? Read()
    {
        try
        {
            // A file is its SHA-256 and the binary: drivers have crashed on cut-off binaries.
            if (_path is null || !File.Exists(_path) || new FileInfo(_path).Length > LargestFile)
            {
                return null;
            }

            byte[] bytes = File.ReadAllBytes(_path);
            return bytes.Length > Sha256.HashSizeInBytes
                && Sha256.HashData(bytes.AsSpan(Sha256.HashSizeInBytes))
                    .AsSpan().SequenceEqual(bytes.AsSpan(0, Sha256.HashSizeInBytes))
                ? bytes[Sha256.HashSizeInBytes..]
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps a binary; an empty one is none.</summary>
    public void Write(byte[] binary)
    {
        if (_path is null || binary.Length == 0)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            AtomicFile.WriteAllBytes(_path, [.. Sha256.HashData(binary), .. binary]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PerCoException)
        {
            // Without a cache the next start builds again.
        }
    }
}
