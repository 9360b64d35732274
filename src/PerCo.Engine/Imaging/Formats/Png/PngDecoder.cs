using System.IO.Compression;
using PerCo.Engine.Imaging.Color;

namespace PerCo.Engine.Imaging.Formats.Png;

/// <summary>Reads a PNG file: all chunks first, then the rows, one at a time.</summary>
internal ref struct PngDecoder
{
    // Deflate cannot give more bytes than this for one of its own: 258 for two bits, and some for block headers.
    private const long MostExpansion = 1032;

    private readonly ReadOnlySpan<byte> _file;
    private readonly PngHeader _header;
    private ReadOnlySpan<byte> _palette;
    private ReadOnlySpan<byte> _transparency;
    private ReadOnlySpan<byte> _exif;
    private ReadOnlySpan<byte> _profile;
    private int _firstData;
    private long _dataLength;

    private PngDecoder(ReadOnlySpan<byte> file, PngHeader header)
    {
        _file = file;
        _header = header;
    }

    /// <summary>Reads a picture.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="limits">What the file may ask for.</param>
    /// <exception cref="ImageFormatException">The file is damaged or over the limits.</exception>
    public static Image Decode(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        PngFormat.CheckSignature(file);
        PngChunk first = PngChunk.At(file, PngFormat.Signature.Length);
        PngHeader header = PngHeader.Parse(first);
        limits.CheckSize(PngFormat.FormatName, header.Width, header.Height, first.DataOffset);
        PngDecoder decoder = new(file, header);
        decoder.ReadChunks(first.End);
        Image image = decoder.ReadRows();
        bool isGray = header.ColorType is PngColorType.Gray or PngColorType.GrayAlpha;
        SrgbConversion.Apply(image, PngProfile.Inflate(decoder._profile), isGray);
        return ExifOrientation.Apply(image, ExifOrientation.Parse(decoder._exif));
    }

    private void ReadChunks(int offset)
    {
        bool hasDataEnded = false;
        PngChunk chunk = PngChunk.At(_file, offset);
        for (; !chunk.Is("IEND"u8); chunk = PngChunk.At(_file, chunk.End))
        {
            bool isData = chunk.Is("IDAT"u8);
            hasDataEnded |= !isData && _firstData > 0;
            if (isData && hasDataEnded)
            {
                throw PngFormat.Error("IDAT", chunk.Offset, "expected all IDAT chunks in one run, found another later");
            }

            ReadChunk(chunk, isData);
        }

        if (_firstData == 0)
        {
            throw PngFormat.Error("IEND", chunk.Offset, "expected IDAT first, the file has no pixels");
        }

        if (_header.ColorType == PngColorType.Palette && _palette.IsEmpty)
        {
            throw PngFormat.Error("IDAT", _firstData, "expected PLTE first, as pixels are palette indices");
        }
    }

    private void ReadChunk(PngChunk chunk, bool isData)
    {
        if (isData)
        {
            chunk.CheckCrc();
            _dataLength += chunk.Length;
            if (_firstData == 0)
            {
                _firstData = chunk.Offset;
            }
        }
        else if (chunk.Is("PLTE"u8))
        {
            ReadPalette(chunk);
        }
        else if (chunk.Is("tRNS"u8))
        {
            ReadTransparency(chunk);
        }
        else if (chunk.Is("eXIf"u8))
        {
            chunk.CheckCrc();
            _exif = chunk.Data;
        }
        else if (chunk.Is("iCCP"u8))
        {
            _profile = chunk.IsIntact ? chunk.Data : default;
        }
        else if (chunk.IsCritical)
        {
            throw PngFormat.Error(chunk.Name, chunk.Offset, "this critical chunk is unknown here; re-save the picture");
        }
    }

    private void ReadPalette(PngChunk chunk)
    {
        chunk.CheckCrc();
        if (_header.ColorType != PngColorType.Palette)
        {
            // With RGB it only suggests colours for poor displays; with grey it means nothing.
            return;
        }

        if (!_palette.IsEmpty || _firstData > 0)
        {
            throw PngFormat.Error("PLTE", chunk.Offset, "expected one palette, before IDAT");
        }

        int most = 1 << _header.BitDepth;
        if (chunk.Length == 0 || chunk.Length % 3 != 0 || chunk.Length / 3 > most)
        {
            throw PngFormat.Error(
                "PLTE length", chunk.Offset, $"expected 1 to {most} colours of 3 bytes, found {chunk.Length} bytes");
        }

        _palette = chunk.Data;
    }

    private void ReadTransparency(PngChunk chunk)
    {
        chunk.CheckCrc();
        if (_header.ColorType is PngColorType.GrayAlpha or PngColorType.RgbAlpha)
        {
            // The pixels say themselves how opaque they are.
            return;
        }

        if (!_transparency.IsEmpty || _firstData > 0)
        {
            throw PngFormat.Error("tRNS", chunk.Offset, "expected one of them, before IDAT");
        }

        bool isPalette = _header.ColorType == PngColorType.Palette;
        int expected = isPalette ? _palette.Length / 3 : 2 * _header.Samples;
        if (chunk.Length > expected || (!isPalette && chunk.Length < expected))
        {
            throw PngFormat.Error(
                "tRNS length",
                chunk.Offset,
                $"expected {(isPalette ? "at most " : "")}{expected} bytes (after PLTE), found {chunk.Length}");
        }

        _transparency = chunk.Data;
    }

    private readonly Image ReadRows()
    {
        CheckDataLength();
        using PngData data = new(GatherData());
        using ZLibStream pixels = new(data, CompressionMode.Decompress);
        Image image = new(_header.Width, _header.Height);
        PngColors colors = new(_header, _palette, _transparency);
        int longest = (int)_header.RowBytes(_header.Width);
        byte[] row = new byte[longest + 1];
        byte[] above = new byte[longest + 1];
        try
        {
            foreach (PngPass pass in PngPass.Of(_header))
            {
                Array.Clear(above);
                int columns = pass.Columns(_header.Width);
                int rowBytes = (int)_header.RowBytes(columns);
                for (int y = pass.Y; y < _header.Height; y += pass.StepY)
                {
                    ReadRow(pixels, row.AsSpan(0, rowBytes + 1), above, y);
                    Span<byte> target = image.Row(y)[(pass.X * Image.Channels)..];
                    if (!colors.TryConvert(row.AsSpan(1, rowBytes), columns, target, pass.StepX))
                    {
                        throw PngFormat.Error(
                            "IDAT",
                            _firstData,
                            $"row {y} has an index beyond the {_palette.Length / 3} colours of PLTE");
                    }

                    (row, above) = (above, row);
                }
            }

            CheckEnd(pixels, data);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw PngFormat.Error(
                "IDAT", _firstData, "the zlib data is damaged (block, length or Adler-32); get a fresh copy");
        }

        return image;
    }

    private readonly void ReadRow(Stream pixels, Span<byte> row, ReadOnlySpan<byte> above, int y)
    {
        if (pixels.ReadAtLeast(row, row.Length, throwOnEndOfStream: false) < row.Length)
        {
            throw PngFormat.Error("IDAT", _firstData, $"the zlib data ends in row {y} of {_header.Height}");
        }

        int filter = row[0];
        if (filter >= PngFilter.Count)
        {
            throw PngFormat.Error(
                "IDAT", _firstData, $"row {y} has filter {filter}, expected 0 to {PngFilter.Count - 1}");
        }

        PngFilter.Undo(filter, row[1..], above[1..], _header.FilterStep);
    }

    // Asking for one byte more makes zlib read on to its checksum, and tells whether there is more than the picture.
    private readonly void CheckEnd(Stream pixels, PngData data)
    {
        if (pixels.ReadByte() >= 0)
        {
            throw PngFormat.Error("IDAT", _firstData, "the zlib data holds more than the picture");
        }

        if (data.IsExhausted)
        {
            throw PngFormat.Error("IDAT", _firstData, "the zlib data ends before its Adler-32 checksum");
        }
    }

    // A tiny file that declares a huge picture is refused before the picture is allocated.
    private readonly void CheckDataLength()
    {
        long needed = 0;
        foreach (PngPass pass in PngPass.Of(_header))
        {
            needed += (_header.RowBytes(pass.Columns(_header.Width)) + 1) * pass.Rows(_header.Height);
        }

        long most = _dataLength * MostExpansion;
        if (needed > most || _header.RowBytes(_header.Width) >= Array.MaxLength)
        {
            throw PngFormat.Error(
                "IDAT length", _firstData, $"the picture is {needed} bytes, {_dataLength} of zlib hold at most {most}");
        }
    }

    private readonly byte[] GatherData()
    {
        byte[] all = new byte[_dataLength];
        int length = 0;
        for (PngChunk chunk = PngChunk.At(_file, _firstData); chunk.Is("IDAT"u8); chunk = PngChunk.At(_file, chunk.End))
        {
            chunk.Data.CopyTo(all.AsSpan(length));
            length += chunk.Length;
        }

        // zlib's own complaint about its two header bytes would not say which it is (RFC 1950, section 2.2).
        if (length < 2 || (all[0] & 15) != 8 || (all[0] >> 4) > 7 || ((all[0] << 8) | all[1]) % 31 != 0
            || (all[1] & 32) != 0)
        {
            throw PngFormat.Error("IDAT zlib header", _firstData + 8, "the two bytes are not those of zlib deflate");
        }

        return all;
    }
}
