using System.Buffers.Binary;

namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>A marker and its parameters (T.81, section B.1.1).</summary>
internal readonly ref struct JpegSegment
{
    private JpegSegment(byte marker, int offset, ReadOnlySpan<byte> data)
    {
        Marker = marker;
        Offset = offset;
        Data = data;
    }

    /// <summary>The second byte of the marker; see <see cref="JpegMarker"/>.</summary>
    public byte Marker { get; }

    /// <summary>Where the marker starts in the file.</summary>
    public int Offset { get; }

    /// <summary>The parameters, without their length.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Where the parameters start in the file.</summary>
    public int DataOffset => Offset + 4;

    /// <summary>Reads the segment at an offset.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="offset">Where its marker, or fill bytes before it, must be.</param>
    /// <param name="end">Receives where the next one starts.</param>
    /// <exception cref="ImageFormatException">There is no marker, or the parameters do not fit the file.</exception>
    public static JpegSegment At(ReadOnlySpan<byte> file, int offset, out int end)
    {
        int at = offset;
        // Any number of 0xFF may come before a marker (T.81, section B.1.1.2).
        while (at + 2 < file.Length && file[at] == 0xFF && file[at + 1] == 0xFF)
        {
            at++;
        }

        if (at + 2 > file.Length)
        {
            throw JpegFormat.Error("marker", file.Length, "the file ends before its EOI marker; get a fresh copy");
        }

        if (file[at] != 0xFF || file[at + 1] is 0 or 0xFF)
        {
            throw JpegFormat.Error(
                "marker", at, $"expected 0xFF and a code, found 0x{file[at]:X2}{file[at + 1]:X2}; get a fresh copy");
        }

        byte marker = file[at + 1];
        end = at + 2;
        if (JpegMarker.IsAlone(marker))
        {
            return new JpegSegment(marker, at, default);
        }

        string field = $"{JpegMarker.Name(marker)} length";
        if (end + 2 > file.Length)
        {
            throw JpegFormat.Error(field, end, "the file ends here; get a fresh copy");
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(file[end..]);
        if (length < 2 || length > file.Length - end)
        {
            throw JpegFormat.Error(
                field, end, $"expected 2 to {file.Length - end} bytes, found {length}; get a fresh copy");
        }

        JpegSegment segment = new(marker, at, file.Slice(end + 2, length - 2));
        end += length;
        return segment;
    }

    /// <summary>Refuses the segment if its parameters are shorter.</summary>
    /// <param name="length">Bytes that must be there.</param>
    public void RequireLength(int length)
    {
        if (Data.Length < length)
        {
            throw JpegFormat.Error(
                $"{JpegMarker.Name(Marker)} length",
                Offset + 2,
                $"expected at least {length + 2}, found {Data.Length + 2}");
        }
    }

    /// <summary>The error for one of the parameters.</summary>
    /// <param name="field">The parameter's name.</param>
    /// <param name="at">Where it is in <see cref="Data"/>.</param>
    /// <param name="problem">What was expected and found.</param>
    public ImageFormatException Error(string field, int at, string problem) =>
        JpegFormat.Error($"{JpegMarker.Name(Marker)} {field}", DataOffset + at, problem);
}
