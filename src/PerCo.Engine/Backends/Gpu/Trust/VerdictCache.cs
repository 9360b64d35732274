using System.Text;
using System.Text.Json;
using PerCo.Engine.IO;

namespace PerCo.Engine.Backends.Gpu.Trust;

/// <summary>
/// Verdicts about a device in the user's cache folder: <c>verdicts/KEY.json</c>, where the key is the hash of device,
/// driver, precision and all kernels. A file that cannot be read is as if it were not there.
/// </summary>
internal sealed class VerdictCache
{
    private const int LargestFile = 1 << 20;
    private static readonly Lazy<string> Kernels = new(HashOfKernels);

    private readonly GpuDeviceInfo _device;
    private readonly string? _path;

    /// <summary>The entry of a device.</summary>
    /// <param name="device">The device; name and driver version are part of the key.</param>
    /// <param name="precision">What is stored.</param>
    /// <param name="folder">The folder; the user's by default.</param>
    public VerdictCache(GpuDeviceInfo device, GpuPrecision precision, string? folder = null)
    {
        folder ??= CacheFolder.For("verdicts");
        string key = string.Join('\0', device.Driver, device.Name, device.Version, precision.ToString(), Kernels.Value);
        string hash = Convert.ToHexStringLower(Sha256.HashData(Encoding.UTF8.GetBytes(key)));
        _device = device;
        _path = folder is null ? null : Path.Combine(folder, hash + ".json");
        Journal = new CheckJournal(folder is null ? null : Path.Combine(folder, hash));
    }

    /// <summary>Checks that did not come to an end.</summary>
    public CheckJournal Journal { get; }

    /// <summary>The verdicts, or null.</summary>
    public IReadOnlyList<KernelVerdict>? Read()
    {
        try
        {
            if (_path is null || !File.Exists(_path) || new FileInfo(_path).Length > LargestFile)
            {
                return null;
            }

            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(_path));
            List<KernelVerdict> verdicts =
            [
                .. document.RootElement.GetProperty("kernels").EnumerateArray().Select(kernel => new KernelVerdict(
                    kernel.GetProperty("op").GetString()!, kernel.GetProperty("kernel").GetString()!,
                    kernel.GetProperty("plain").GetBoolean(), kernel.GetProperty("failure").GetString())),
            ];
            return verdicts.Count > 0 ? verdicts : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException
            or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// Keeps verdicts. Where that is not possible, or where a trial could not run, the next start checks again.
    /// </summary>
    public void Write(IReadOnlyList<KernelVerdict> verdicts)
    {
        if (_path is null || verdicts.Any(verdict => !verdict.HasRun))
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            AtomicFile.Write(_path, stream => WriteJson(stream, verdicts));
            Journal.Clear();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PerCoException)
        {
            // A check costs some seconds.
        }
    }

    private void WriteJson(Stream stream, IReadOnlyList<KernelVerdict> verdicts)
    {
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteString("device", _device.Name);
        writer.WriteString("version", _device.Version);
        writer.WriteStartArray("kernels");
        foreach (KernelVerdict verdict in verdicts)
        {
            writer.WriteStartObject();
            writer.WriteString("op", verdict.Op);
            writer.WriteString("kernel", verdict.Kernel);
            writer.WriteBoolean("plain", verdict.IsPlain);
            writer.WriteString("failure", verdict.Failure);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string HashOfKernels()
    {
        using var all = new MemoryStream();
        var library = typeof(VerdictCache).Assembly;
        foreach (string name in library.GetManifestResourceNames().Order(StringComparer.Ordinal)
            .Where(name => name.StartsWith("PerCo.Engine.kernels.", StringComparison.Ordinal)))
        {
            all.Write(Encoding.UTF8.GetBytes(name));
            using Stream stream = library.GetManifestResourceStream(name)!;
            stream.CopyTo(all);
        }

        return Convert.ToHexStringLower(Sha256.HashData(all.ToArray()));
    }
}
