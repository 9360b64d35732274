using PerCo.Engine.Codec.PercoSd;
using PerCo.Engine.IO;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>
/// The content of a <c>.perco</c> file: everything that decoding needs besides the model. Reading and writing needs no
/// network, so the symbols are the same on every machine. docs/FORMAT.md is the specification.
/// </summary>
public sealed record PerCoFile
{
    /// <summary>Extension of the files, with its dot.</summary>
    public const string Extension = ".perco";

    /// <summary>Media type of the files, until one is registered.</summary>
    public const string MediaType = "image/x-perco";

    /// <summary>The format's version that <see cref="ToBytes"/> writes.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Which model drew it: see <c>ModelFolder.Identity</c>.</summary>
    public required uint ModelIdentity { get; init; }

    /// <summary>Width of the picture in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Height of the picture in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>How the codes are laid out, or <see cref="CodeGrid.None"/>.</summary>
    public required CodeGrid Grid { get; init; }

    /// <summary>Codes [rows, columns, books], <see cref="CodeGrid.Count"/> of them.</summary>
    public required IReadOnlyList<int> Indices { get; init; }

    /// <summary>What the picture shows; empty for none.</summary>
    public required string Caption { get; init; }

    /// <summary>Seed of the starting noise; 0 where the file has none.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Denoising steps, where they differ from the model's.</summary>
    public int? Steps { get; init; }

    /// <summary>Guidance scale in hundredths, where it differs from the model's.</summary>
    public int? GuidanceHundredths { get; init; }

    /// <summary>Guidance scale, where it differs from the model's.</summary>
    public double? Guidance => GuidanceHundredths / 100.0;

    /// <summary>Whether both say the same, code by code.</summary>
    public bool Equals(PerCoFile? other) => other is not null && ModelIdentity == other.ModelIdentity
        && (Width, Height, Grid) == (other.Width, other.Height, other.Grid)
        && (Seed, Steps, GuidanceHundredths) == (other.Seed, other.Steps, other.GuidanceHundredths)
        && Caption == other.Caption && Indices.SequenceEqual(other.Indices);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(
        ModelIdentity, Width, Height, Grid, Caption, Seed, Steps, GuidanceHundredths);

    /// <summary>Whether bytes begin like a <c>.perco</c> file.</summary>
    public static bool IsPerCoFile(ReadOnlySpan<byte> bytes) => bytes.StartsWith(PerCoFileReader.Magic);

    /// <summary>Reads a file from memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="limits">What is refused; the defaults where null.</param>
    /// <exception cref="PerCoException">Damaged, cut off, of a newer version, or beyond the limits.</exception>
    public static PerCoFile Parse(ReadOnlySpan<byte> bytes, PerCoFileLimits? limits = null) =>
        PerCoFileReader.Read(bytes, limits ?? PerCoFileLimits.Default, out _);

    /// <summary>Reads a file.</summary>
    /// <exception cref="PerCoException">The file cannot be read, or see <see cref="Parse"/>.</exception>
    public static PerCoFile Load(string path, PerCoFileLimits? limits = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        limits ??= PerCoFileLimits.Default;
        try
        {
            using FileStream stream = File.OpenRead(path);
            return Load(stream, limits);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PerCoException($"{path}: cannot be read: {FileReason.Of(e, path)}", e);
        }
        catch (PerCoException e)
        {
            throw new PerCoException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Reads a file from a stream, to its end.</summary>
    /// <exception cref="PerCoException">See <see cref="Parse"/>.</exception>
    public static PerCoFile Load(Stream stream, PerCoFileLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        limits ??= PerCoFileLimits.Default;
        byte[] bytes = BoundedRead.All(stream, limits.MaxFileBytes, () => new PerCoException(
            $"The file is larger than {limits.MaxFileBytes} bytes, which no picture needs. Is it a .perco file?"));
        return Parse(bytes, limits);
    }

    /// <summary>Sizes of the parts of a file.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="limits">What is refused; the defaults where null.</param>
    /// <exception cref="PerCoException">See <see cref="Parse"/>.</exception>
    public static PerCoFileSizes Measure(ReadOnlySpan<byte> bytes, PerCoFileLimits? limits = null)
    {
        PerCoFileReader.Read(bytes, limits ?? PerCoFileLimits.Default, out PerCoFileSizes sizes);
        return sizes;
    }

    /// <summary>The file's bytes.</summary>
    /// <exception cref="ArgumentException">Values that the format cannot hold.</exception>
    public byte[] ToBytes() => PerCoFileWriter.Write(this);

    /// <summary>Writes the file: whole or not at all.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="overwrite">Whether an existing file may be replaced.</param>
    /// <returns>Its length in bytes.</returns>
    /// <exception cref="PerCoException">The file exists, or cannot be written.</exception>
    public int Save(string path, bool overwrite = false)
    {
        byte[] bytes = ToBytes();
        AtomicFile.WriteAllBytes(path, bytes, overwrite);
        return bytes.Length;
    }

    /// <summary>Writes the file to a stream.</summary>
    /// <param name="stream">Where to; need not be seekable, and stays open.</param>
    /// <returns>The file's length in bytes.</returns>
    /// <exception cref="ArgumentException">Values that the format cannot hold.</exception>
    public int Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        byte[] bytes = ToBytes();
        stream.Write(bytes);
        return bytes.Length;
    }

    /// <summary>Reads a file that PerCo (SD) wrote, without running its pickle: see docs/perco-sd.md.</summary>
    /// <param name="bytes">The whole .pkl file.</param>
    /// <param name="modelIdentity">The model to decode with, which such a file does not name.</param>
    /// <param name="rate">The rate; found from size and payload where null.</param>
    /// <exception cref="PerCoException">
    /// The file is damaged, too large, fits no rate or several, or its size is not a multiple of the rate's stride.
    /// </exception>
    public static PerCoFile FromPercoSd(ReadOnlySpan<byte> bytes, uint modelIdentity, PublishedRate? rate = null) =>
        PercoSdFile.Parse(bytes, rate).ToPerCoFile(modelIdentity);

    /// <summary>
    /// The bytes of a file that PerCo (SD) reads at the same rate. It has no place for identity, seed, steps and
    /// guidance.
    /// </summary>
    /// <exception cref="PerCoException">
    /// The grid is none of PerCo (SD)'s, or the size is not a multiple of its stride.
    /// </exception>
    public byte[] ToPercoSd() => PercoSdFile.FromPerCoFile(this).ToBytes();
}
