using PerCo.Engine.Codec.Captions;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec.PercoSd;

/// <summary>
/// The content of a file that PerCo (SD) writes (<c>.pkl</c>; compression_utils.py of Nikolai10/PerCo): a pickled
/// dictionary of the zlib-compressed caption, the arithmetically coded indices and (height, width). It names neither
/// rate nor model nor seed. Reading never runs the pickle.
/// </summary>
public sealed record PercoSdFile
{
    /// <summary>Extension of the files, with its dot.</summary>
    public const string Extension = ".pkl";

    /// <summary>Most bytes of a file; the largest rate needs 8 MiB for <see cref="MaxPixels"/>.</summary>
    public const int MaxFileBytes = 16 << 20;

    /// <summary>Most pixels of a picture.</summary>
    public const long MaxPixels = 64L << 20;

    /// <summary>Width of the picture in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Height of the picture in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>The rate, which fixes grid and codebook.</summary>
    public required PublishedRate Rate { get; init; }

    /// <summary>Codes [<see cref="Rows"/>, <see cref="Columns"/>], each below the rate's codebook size.</summary>
    public required IReadOnlyList<int> Indices { get; init; }

    /// <summary>What the picture shows.</summary>
    public required string Caption { get; init; }

    /// <summary>Rows of codes.</summary>
    public int Rows => Height / Rate.Stride;

    /// <summary>Columns of codes.</summary>
    public int Columns => Width / Rate.Stride;

    /// <summary>Whether bytes begin like a pickle of protocol 2 or later.</summary>
    public static bool IsPercoSdFile(ReadOnlySpan<byte> bytes) =>
        bytes.Length > 2 && bytes[0] == 0x80 && bytes[1] is >= 2 and <= 5;

    /// <summary>Reads a file from memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="rate">The rate; found from size and payload where null.</param>
    /// <exception cref="PerCoException">The file is damaged, too large, or fits no rate, or several.</exception>
    public static PercoSdFile Parse(ReadOnlySpan<byte> bytes, PublishedRate? rate = null)
    {
        if (bytes.Length > MaxFileBytes)
        {
            throw new PerCoException($"The file has {bytes.Length} bytes, expected at most {MaxFileBytes}.");
        }

        if (Pickle.Load(bytes) is not Dictionary<long, object> parts)
        {
            throw new PerCoException("The pickle is no dictionary. Was this file written by PerCo (SD)?");
        }

        string caption = CaptionZlib.Unpack(Part(parts, 0));
        byte[] payload = Part(parts, 1);
        if (Pickle.Load(PartPickle(parts, 2)) is not object[] { Length: 2 } size
            || size[0] is not (long height and > 0 and <= ushort.MaxValue)
            || size[1] is not (long width and > 0 and <= ushort.MaxValue)
            || height * width > MaxPixels)
        {
            throw new PerCoException(
                $"The pickle's size is no pair of numbers from 1 to {ushort.MaxValue} with at most {MaxPixels} pixels. "
                + "Was this file written by PerCo (SD)?");
        }

        return FindRate(rate is null ? PublishedRate.All : [rate], payload, caption, (int)height, (int)width);
    }

    /// <summary>The same picture as a <c>.perco</c> file has it.</summary>
    /// <param name="modelIdentity">The model to decode with, which files of PerCo (SD) do not name.</param>
    /// <exception cref="PerCoException">The size is not a multiple of the rate's stride.</exception>
    internal PerCoFile ToPerCoFile(uint modelIdentity)
    {
        if (LeavesAnEdge(Width, Height, Rate))
        {
            throw new PerCoException(
                $"The picture is {Width}x{Height}, expected multiples of {Rate.Stride} pixels: its codes leave an edge "
                + "out, which a .perco file cannot say. Decode it with PerCo (SD).");
        }

        return new PerCoFile
        {
            ModelIdentity = modelIdentity,
            Width = Width,
            Height = Height,
            Grid = new CodeGrid(Rate.Stride, Rate.Codebook),
            Indices = Indices,
            Caption = Caption,
        };
    }

    /// <summary>What PerCo (SD) reads of a picture.</summary>
    /// <exception cref="PerCoException">PerCo (SD) has no such rate, or cannot hold size or caption.</exception>
    internal static PercoSdFile FromPerCoFile(PerCoFile file)
    {
        PublishedRate rate = PublishedRate.All.FirstOrDefault(r => new CodeGrid(r.Stride, r.Codebook) == file.Grid)
            ?? throw new PerCoException(
                $"PerCo (SD) has no rate with {file.Grid}, expected one of "
                + $"{string.Join(", ", PublishedRate.All.Select(r => r.Name))}. Encode at one of these rates, or write "
                + "a .perco file.");
        if (LeavesAnEdge(file.Width, file.Height, rate) || file.Width > ushort.MaxValue
            || file.Height > ushort.MaxValue)
        {
            throw new PerCoException(
                $"The picture is {file.Width}x{file.Height}, expected multiples of {rate.Stride} up to "
                + $"{ushort.MaxValue}: PerCo (SD) drops what is beyond. Crop or pad the picture before encoding, or "
                + "write a .perco file.");
        }

        CaptionCoder.Check(file.Caption);
        return new PercoSdFile
        {
            Width = file.Width, Height = file.Height, Rate = rate, Indices = file.Indices, Caption = file.Caption,
        };
    }

    /// <summary>The file's bytes, which PerCo (SD) reads at the same rate.</summary>
    /// <exception cref="ArgumentException">Indices that do not fit size and rate.</exception>
    public byte[] ToBytes()
    {
        int[] indices = [.. Indices];
        if (indices.Length != Rows * Columns || indices.Any(i => i < 0 || i >= Rate.Codebook))
        {
            throw new ArgumentException(
                $"{indices.Length} indices, expected {Rows}x{Columns} of them, each below {Rate.Codebook}.");
        }

        return PickleWriter.Dictionary(
            PickleWriter.Bytes(CaptionZlib.Pack(Caption)),
            PickleWriter.Bytes(ArithmeticCoder.Encode(indices, new UniformCdf(Rate.Codebook))),
            PickleWriter.Pair(Height, Width));
    }

    private static bool LeavesAnEdge(int width, int height, PublishedRate rate) =>
        width % rate.Stride != 0 || height % rate.Stride != 0;

    // A rate fits if the payload is exactly what the encoder makes of the decoded indices. Few rates come near in
    // length, so few are tried.
    private static PercoSdFile FindRate(
        IReadOnlyList<PublishedRate> rates, byte[] payload, string caption, int height, int width)
    {
        PercoSdFile? found = null;
        foreach (PublishedRate rate in rates)
        {
            int count = (height / rate.Stride) * (width / rate.Stride);
            if (count == 0 || !LengthFits(payload.Length, count, rate.Codebook))
            {
                continue;
            }

            var indices = new int[count];
            var cdf = new UniformCdf(rate.Codebook);
            ArithmeticCoder.Decode(payload, cdf, indices);
            if (!ArithmeticCoder.Encode(indices, cdf).AsSpan().SequenceEqual(payload))
            {
                continue;
            }

            if (found is not null)
            {
                throw new PerCoException(
                    $"{width}x{height} pixels and {payload.Length} bytes of codes fit the rates {found.Rate.Name} and "
                    + $"{rate.Name}, and nothing in the file says which.");
            }

            found = new PercoSdFile
            {
                Width = width, Height = height, Rate = rate, Indices = indices, Caption = caption,
            };
        }

        return found ?? throw new PerCoException(
            $"{width}x{height} pixels and {payload.Length} bytes of codes fit none of the rates "
            + $"{string.Join(", ", rates.Select(r => r.Name))}. Is the file whole?");
    }

    // A symbol costs log2(V) bits, or up to log2(65536 / 7) = 13.2 where V is no power of two; the end up to two more.
    private static bool LengthFits(int bytes, int count, int codebook)
    {
        double bits = Math.Log2(codebook) * count;
        return bytes >= Math.Floor((bits * 0.99 + 1) / 8) && bytes <= Math.Ceiling((bits * 1.02 + 2) / 8) + 1;
    }

    private static byte[] Part(Dictionary<long, object> parts, long key) =>
        Pickle.Load(PartPickle(parts, key)) as byte[]
        ?? throw new PerCoException($"Entry {key} of the pickle holds no bytes. Was this file written by PerCo (SD)?");

    private static byte[] PartPickle(Dictionary<long, object> parts, long key) =>
        parts.TryGetValue(key, out object? part) && part is byte[] bytes
            ? bytes
            : throw new PerCoException($"Entry {key} of the pickle is missing. Was this file written by PerCo (SD)?");
}
