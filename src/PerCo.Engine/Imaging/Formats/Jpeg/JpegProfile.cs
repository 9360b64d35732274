namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>The parts of an ICC profile in APP2 segments (ICC.1:2010, annex B.4).</summary>
internal sealed class JpegProfile
{
    // The identifier is followed by a part's number, from 1, and the number of parts.
    private const int HeaderBytes = 14;

    private byte[][]? _parts;

    private static ReadOnlySpan<byte> Identifier => "ICC_PROFILE\0"u8;

    /// <summary>Takes the data of an APP2 segment, which may be something else.</summary>
    public void Add(ReadOnlySpan<byte> data)
    {
        if (data.Length <= HeaderBytes || !data.StartsWith(Identifier))
        {
            return;
        }

        int number = data[Identifier.Length], count = data[Identifier.Length + 1];
        _parts ??= new byte[count][];
        if (count == _parts.Length && number >= 1 && number <= count)
        {
            _parts[number - 1] ??= data[HeaderBytes..].ToArray();
        }
    }

    /// <summary>The profile; empty where there is none, or a part is missing.</summary>
    public byte[] Whole() => _parts is null || _parts.Contains(null) ? [] : [.. _parts.SelectMany(part => part)];
}
