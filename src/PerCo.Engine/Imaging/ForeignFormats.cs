namespace PerCo.Engine.Imaging;

/// <summary>Formats that are recognised only to be named in the refusal.</summary>
internal static class ForeignFormats
{
    /// <summary>The name of the format that a file starts like, or null.</summary>
    /// <param name="start">The first bytes of the file; 16 are enough.</param>
    public static string? Name(ReadOnlySpan<byte> start)
    {
        if (start.Length >= 12 && start.StartsWith("RIFF"u8) && start[8..].StartsWith("WEBP"u8))
        {
            return "WebP";
        }

        if (start.Length >= 12 && start[4..].StartsWith("ftyp"u8))
        {
            return IsoBrand(start[8..12]);
        }

        if (start.Length >= 2 && start[0] == 'P' && start[1] is >= (byte)'1' and <= (byte)'4')
        {
            return "a plain or one-bit PNM (P1 to P4)";
        }

        return start switch
        {
            [0xFF, 0x0A, ..] => "JPEG XL",
            [0, 0, 0, 12, (byte)'J', (byte)'X', (byte)'L', (byte)' ', ..] => "JPEG XL",
            [0, 0, 0, 12, (byte)'j', (byte)'P', (byte)' ', (byte)' ', ..] => "JPEG 2000",
            [0xFF, 0x4F, 0xFF, 0x51, ..] => "JPEG 2000",
            [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "GIF",
            [(byte)'B', (byte)'M', _, _, ..] => "BMP",
            [(byte)'I', (byte)'I', 42 or 43, 0, ..] => "TIFF",
            [(byte)'M', (byte)'M', 0, 42 or 43, ..] => "TIFF",
            [(byte)'q', (byte)'o', (byte)'i', (byte)'f', ..] => "QOI",
            [(byte)'8', (byte)'B', (byte)'P', (byte)'S', ..] => "a Photoshop document",
            [0x76, 0x2F, 0x31, 0x01, ..] => "OpenEXR",
            [(byte)'%', (byte)'P', (byte)'D', (byte)'F', ..] => "PDF",
            [0x8A, (byte)'M', (byte)'N', (byte)'G', ..] => "MNG",
            _ => null,
        };
    }

    private static string IsoBrand(ReadOnlySpan<byte> brand)
    {
        if (brand.StartsWith("avi"u8))
        {
            return "AVIF";
        }

        return brand.StartsWith("he"u8) || brand.SequenceEqual("mif1"u8) || brand.SequenceEqual("msf1"u8)
            ? "HEIF (HEIC)"
            : "an MP4 family file";
    }
}
