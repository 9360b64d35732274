using System.Buffers.Binary;

namespace PerCo.Engine.Imaging.Color;

/// <summary>
/// An ICC profile (ICC.1:2010 and version 2) that says colours by three curves and a matrix, as those of cameras,
/// phones and working spaces do (Display P3, Adobe RGB), or grey by one curve. Profiles of tables alone, which printers
/// and some scanners have, are not read.
/// </summary>
internal sealed class IccProfile
{
    private const int HeaderBytes = 128;
    private const int EntryBytes = 12;
    private const int MostTags = 200;

    // Where the header has them, section 7.2.
    private const int ColorSpaceAt = 16;
    private const int ConnectionSpaceAt = 20;
    private const int SignatureAt = 36;

    private IccProfile(bool isGray, ToneCurve[] curves, double[] colorants)
    {
        IsGray = isGray;
        Curves = curves;
        Colorants = colorants;
    }

    /// <summary>Whether it is for grey pictures.</summary>
    public bool IsGray { get; }

    /// <summary>From samples to light: of red, green and blue, or of grey alone.</summary>
    public IReadOnlyList<ToneCurve> Curves { get; }

    /// <summary>
    /// The colours of full red, green and blue: X of all three, then Y, then Z, relative to the white of D50. None for
    /// grey.
    /// </summary>
    public IReadOnlyList<double> Colorants { get; }

    /// <summary>Reads a profile.</summary>
    /// <param name="profile">The whole profile; may be empty or damaged.</param>
    /// <returns>Null where it cannot be used: notes never stop a picture from opening.</returns>
    public static IccProfile? Parse(ReadOnlySpan<byte> profile)
    {
        if (profile.Length < HeaderBytes + sizeof(uint) || !profile[SignatureAt..].StartsWith("acsp"u8)
            || !profile[ConnectionSpaceAt..].StartsWith("XYZ "u8))
        {
            return null;
        }

        ReadOnlySpan<byte> space = profile[ColorSpaceAt..];
        if (space.StartsWith("GRAY"u8))
        {
            return ToneCurve.Parse(Tag(profile, "kTRC"u8)) is { } gray ? new IccProfile(true, [gray], []) : null;
        }

        if (!space.StartsWith("RGB "u8)
            || ToneCurve.Parse(Tag(profile, "rTRC"u8)) is not { } red
            || ToneCurve.Parse(Tag(profile, "gTRC"u8)) is not { } green
            || ToneCurve.Parse(Tag(profile, "bTRC"u8)) is not { } blue)
        {
            return null;
        }

        var colorants = new double[9];
        return ReadColorant(Tag(profile, "rXYZ"u8), colorants, 0) && ReadColorant(Tag(profile, "gXYZ"u8), colorants, 1)
            && ReadColorant(Tag(profile, "bXYZ"u8), colorants, 2)
            ? new IccProfile(false, [red, green, blue], colorants) : null;
    }

    /// <summary>A number of 15 bits, 16 more behind the point, and a sign (section 4.6).</summary>
    public static double Fixed(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32BigEndian(bytes) / 65536.0;

    // A tag's element, section 7.3; empty where there is none.
    private static ReadOnlySpan<byte> Tag(ReadOnlySpan<byte> profile, ReadOnlySpan<byte> signature)
    {
        uint count = BinaryPrimitives.ReadUInt32BigEndian(profile[HeaderBytes..]);
        ReadOnlySpan<byte> entries = profile[(HeaderBytes + sizeof(uint))..];
        for (int i = 0; i < Math.Min(count, MostTags) && entries.Length >= EntryBytes; i++)
        {
            uint offset = BinaryPrimitives.ReadUInt32BigEndian(entries[4..]);
            uint size = BinaryPrimitives.ReadUInt32BigEndian(entries[8..]);
            if (entries.StartsWith(signature))
            {
                return (long)offset + size <= profile.Length ? profile.Slice((int)offset, (int)size) : default;
            }

            entries = entries[EntryBytes..];
        }

        return default;
    }

    // XYZType, section 10.31.
    private static bool ReadColorant(ReadOnlySpan<byte> element, double[] colorants, int column)
    {
        if (element.Length < 20 || !element.StartsWith("XYZ "u8))
        {
            return false;
        }

        for (int row = 0; row < 3; row++)
        {
            colorants[row * 3 + column] = Fixed(element[(8 + row * 4)..]);
        }

        return true;
    }
}
