using PerCo.Engine.Imaging.Color;

namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>Reads a JPEG file: segment by segment, then from coefficients to planes to pixels.</summary>
internal ref struct JpegDecoder
{
    // Encoders write about ten; each one walks over the whole picture, so their number bounds the time.
    private const int MaxScans = 128;

    // A block takes one bit or more of the scan that holds its mean.
    private const int MostBlocksPerByte = 8;

    private readonly ReadOnlySpan<byte> _file;
    private readonly ImageLimits _limits;
    private readonly JpegTables _tables = new();
    private JpegFrame? _frame;
    private readonly JpegProfile _profile = new();
    private ReadOnlySpan<byte> _exif;
    private bool _isJfif;
    private int _adobeTransform = -1;
    private int _scans;

    private JpegDecoder(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        _file = file;
        _limits = limits;
    }

    /// <summary>Reads a picture.</summary>
    /// <param name="file">The whole file, which starts with SOI.</param>
    /// <param name="limits">What the file may ask for.</param>
    /// <exception cref="ImageFormatException">The file is damaged, unsupported or over the limits.</exception>
    public static Image Decode(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        JpegDecoder decoder = new(file, limits);
        JpegFrame frame = decoder.ReadSegments();
        foreach (JpegComponent component in frame.Components)
        {
            component.Render();
        }

        Image image = JpegColors.Convert(frame, decoder.IsRgb(frame));
        SrgbConversion.Apply(image, decoder._profile.Whole(), isGray: frame.Components.Length == 1);
        return ExifOrientation.Apply(image, ExifOrientation.Parse(decoder._exif));
    }

    private JpegFrame ReadSegments()
    {
        int position = 2;
        while (true)
        {
            JpegSegment segment = JpegSegment.At(_file, position, out position);
            if (segment.Marker == JpegMarker.Eoi)
            {
                return Finish(segment);
            }

            ReadSegment(segment);
            if (segment.Marker == JpegMarker.Sos)
            {
                position = ReadScan(segment, position);
            }
        }
    }

    private void ReadSegment(JpegSegment segment)
    {
        switch (segment.Marker)
        {
            case JpegMarker.Sof0 or JpegMarker.Sof1 or JpegMarker.Sof2:
                ReadFrame(segment);
                break;
            case JpegMarker.Dqt:
                _tables.ReadQuantization(segment);
                break;
            case JpegMarker.Dht:
                _tables.ReadHuffman(segment);
                break;
            case JpegMarker.Dri:
                _tables.ReadRestartInterval(segment);
                break;
            case JpegMarker.App0:
                _isJfif |= segment.Data.StartsWith("JFIF\0"u8);
                break;
            case JpegMarker.App1 when _exif.IsEmpty && segment.Data.StartsWith("Exif\0\0"u8):
                _exif = segment.Data[6..];
                break;
            case JpegMarker.App2:
                _profile.Add(segment.Data);
                break;
            case JpegMarker.App14 when segment.Data.Length >= 12 && segment.Data.StartsWith("Adobe"u8):
                _adobeTransform = segment.Data[11];
                break;
            case JpegMarker.Soi:
                throw JpegFormat.Error("SOI", segment.Offset, "a second picture starts inside the first");
            default:
                RequireSupported(segment);
                break;
        }
    }

    private static void RequireSupported(JpegSegment segment)
    {
        if (JpegMarker.UnsupportedFrame(segment.Marker) is { } kind)
        {
            throw JpegFormat.Error(
                JpegMarker.Name(segment.Marker),
                segment.Offset,
                $"{kind} is not supported; convert the picture to PNG first");
        }
    }

    private void ReadFrame(JpegSegment segment)
    {
        if (_frame is not null)
        {
            throw JpegFormat.Error(
                JpegMarker.Name(segment.Marker), segment.Offset, "expected one frame, found a second");
        }

        _frame = JpegFrame.Parse(segment, _limits);
        long most = (long)(_file.Length - segment.Offset) * MostBlocksPerByte;
        if (_frame.Blocks > most)
        {
            throw segment.Error(
                "size", 1, $"the picture has {_frame.Blocks} blocks, the rest of the file holds at most {most}");
        }

        foreach (JpegComponent component in _frame.Components)
        {
            component.Allocate();
        }
    }

    private int ReadScan(JpegSegment segment, int position)
    {
        if (_frame is null)
        {
            throw JpegFormat.Error("SOS", segment.Offset, "expected a frame header first");
        }

        if (++_scans > MaxScans)
        {
            throw JpegFormat.Error("SOS", segment.Offset, $"expected at most {MaxScans} scans");
        }

        JpegScanHeader header = JpegScanHeader.Parse(segment, _frame);
        _tables.Prepare(segment, header, _frame.IsProgressive);
        foreach (JpegComponent component in header.Components)
        {
            component.SetPrecision(header.First, header.Last, header.LowBit);
        }

        return JpegScan.Read(_file, position, _frame, header, _tables);
    }

    private readonly JpegFrame Finish(JpegSegment end)
    {
        if (_frame is null)
        {
            throw JpegFormat.Error("EOI", end.Offset, "the picture ends before its frame header");
        }

        foreach (JpegComponent component in _frame.Components)
        {
            if (!component.HasData)
            {
                throw JpegFormat.Error("EOI", end.Offset, $"component {component.Id} has no scan");
            }
        }

        return _frame;
    }

    // JFIF means YCbCr, Adobe says what it is, else the identifiers hint at it: libjpeg's order.
    private readonly bool IsRgb(JpegFrame frame)
    {
        if (frame.Components.Length < 3 || _isJfif)
        {
            return false;
        }

        return _adobeTransform >= 0
            ? _adobeTransform == 0
            : frame.Components[0].Id == 'R' && frame.Components[1].Id == 'G' && frame.Components[2].Id == 'B';
    }
}
