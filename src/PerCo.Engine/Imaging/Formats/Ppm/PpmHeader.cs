using System.Text;

namespace PerCo.Engine.Imaging.Formats.Ppm;

/// <summary>What comes before the samples.</summary>
/// <param name="Width">Columns, at least 1.</param>
/// <param name="Height">Rows, at least 1.</param>
/// <param name="Depth">Samples of a pixel: grey, grey and opacity, RGB, or RGB and opacity.</param>
/// <param name="MaxValue">The sample value of full intensity, 1 to 65535.</param>
/// <param name="DataOffset">Where the samples start in the file.</param>
internal readonly record struct PpmHeader(int Width, int Height, int Depth, int MaxValue, int DataOffset)
{
    // Longer than every known name.
    private const int LongestTuple = 64;

    /// <summary>Bytes of a sample; two are stored high byte first.</summary>
    public int SampleBytes => MaxValue > 255 ? 2 : 1;

    /// <summary>Reads the header of a P5, P6 or P7 file.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="limits">What the file may ask for.</param>
    /// <exception cref="ImageFormatException">The header is damaged or over the limits.</exception>
    public static PpmHeader Parse(ReadOnlySpan<byte> file, ImageLimits limits) =>
        file[1] == '7' ? ParsePam(file, limits) : ParsePnm(file, file[1] == '5' ? 1 : 3, limits);

    private static PpmHeader ParsePnm(ReadOnlySpan<byte> file, int depth, ImageLimits limits)
    {
        int at = 2;
        int sizeAt = at;
        int width = PnmNumber(file, "width", ref at, int.MaxValue);
        int height = PnmNumber(file, "height", ref at, int.MaxValue);
        limits.CheckSize(PpmFormat.FormatName, width, height, sizeAt);
        int most = PnmNumber(file, "maxval", ref at, 65535);
        // Exactly one blank, after which any byte may be a sample.
        RequireBlank(file, "maxval", at);
        return new PpmHeader(width, height, depth, most, at + 1);
    }

    private static int PnmNumber(ReadOnlySpan<byte> file, string field, ref int at, int most)
    {
        RequireBlank(file, field, at);
        while (at < file.Length && (IsBlank(file[at]) || file[at] == '#'))
        {
            at = file[at] == '#' ? EndOfComment(file, at) : at + 1;
        }

        int start = at;
        while (at < file.Length && char.IsAsciiDigit((char)file[at]))
        {
            at++;
        }

        return Number(file[start..at], field, start, most);
    }

    private static PpmHeader ParsePam(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        int width = 0, height = 0, depth = 0, most = 0;
        string tuple = "";
        int at = EndOfLine(file, 0) + 1;
        while (true)
        {
            if (at >= file.Length)
            {
                throw PpmFormat.Error("ENDHDR", file.Length, "the file ends inside its header");
            }

            int end = EndOfLine(file, at);
            ReadOnlySpan<byte> line = file[at..end];
            int keyLength = Math.Max(line.IndexOfAny(" \t\r"u8), 0);
            ReadOnlySpan<byte> key = keyLength > 0 ? line[..keyLength] : line;
            ReadOnlySpan<byte> value = line[key.Length..].Trim(" \t\r"u8);
            int valueAt = at + key.Length;
            if (key.SequenceEqual("ENDHDR"u8))
            {
                at = end + 1;
                break;
            }

            if (key.SequenceEqual("WIDTH"u8))
            {
                width = Number(value, "WIDTH", valueAt, int.MaxValue);
            }
            else if (key.SequenceEqual("HEIGHT"u8))
            {
                height = Number(value, "HEIGHT", valueAt, int.MaxValue);
            }
            else if (key.SequenceEqual("DEPTH"u8))
            {
                depth = Number(value, "DEPTH", valueAt, 4);
            }
            else if (key.SequenceEqual("MAXVAL"u8))
            {
                most = Number(value, "MAXVAL", valueAt, 65535);
            }
            else if (key.SequenceEqual("TUPLTYPE"u8))
            {
                // Several lines add up to one name, which then is none of those known; a long one is not read on.
                tuple = (tuple + " " + Encoding.ASCII.GetString(value[..Math.Min(value.Length, LongestTuple)])).Trim();
                if (tuple.Length >= LongestTuple)
                {
                    RequireTuple(tuple, depth, valueAt);
                }
            }
            else if (key.Length > 0 && key[0] != '#')
            {
                throw PpmFormat.Error("header line", at, "expected WIDTH, HEIGHT, DEPTH, MAXVAL, TUPLTYPE or ENDHDR");
            }

            at = end + 1;
        }

        RequireGiven("WIDTH", width, at);
        RequireGiven("HEIGHT", height, at);
        RequireGiven("DEPTH", depth, at);
        RequireGiven("MAXVAL", most, at);
        RequireTuple(tuple, depth, at);
        limits.CheckSize(PpmFormat.FormatName, width, height, 2);
        return new PpmHeader(width, height, depth, most, at);
    }

    private static void RequireTuple(string tuple, int depth, int offset)
    {
        int expected = tuple switch
        {
            "GRAYSCALE" or "BLACKANDWHITE" => 1,
            "GRAYSCALE_ALPHA" or "BLACKANDWHITE_ALPHA" => 2,
            "RGB" => 3,
            "RGB_ALPHA" => 4,
            // It may be left out; the depth then says what is meant.
            "" => depth,
            _ => throw PpmFormat.Error(
                "TUPLTYPE",
                offset,
                "expected GRAYSCALE, RGB, or one of them with _ALPHA; convert the file to PPM first"),
        };
        if (expected != depth)
        {
            throw PpmFormat.Error("DEPTH", offset, $"expected {expected} for TUPLTYPE {tuple}, found {depth}");
        }
    }

    private static void RequireGiven(string field, int value, int offset)
    {
        if (value == 0)
        {
            throw PpmFormat.Error(field, offset, "the header ends without this line");
        }
    }

    private static int Number(ReadOnlySpan<byte> digits, string field, int offset, int most)
    {
        long value = 0;
        foreach (byte digit in digits)
        {
            value = char.IsAsciiDigit((char)digit) ? (value * 10) + digit - '0' : long.MaxValue;
            if (value > most)
            {
                break;
            }
        }

        return value >= 1 && value <= most
            ? (int)value
            : throw PpmFormat.Error(field, offset, $"expected a number from 1 to {most}");
    }

    // A line may end in a carriage return alone here, but not in PAM.
    private static int EndOfComment(ReadOnlySpan<byte> file, int at) => EndOf(file, at, "\r\n"u8);

    private static int EndOfLine(ReadOnlySpan<byte> file, int at) => EndOf(file, at, "\n"u8);

    private static int EndOf(ReadOnlySpan<byte> file, int at, ReadOnlySpan<byte> breaks)
    {
        int length = file[at..].IndexOfAny(breaks);
        return length < 0 ? file.Length : at + length;
    }

    private static void RequireBlank(ReadOnlySpan<byte> file, string field, int at)
    {
        if (at >= file.Length || !IsBlank(file[at]))
        {
            throw PpmFormat.Error(field, at, "expected a blank between the fields of the header");
        }
    }

    private static bool IsBlank(byte c) => c is (byte)' ' or (>= 9 and <= 13);
}
