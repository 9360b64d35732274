namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>The codes that follow 0xFF (T.81, table B.1).</summary>
internal static class JpegMarker
{
    /// <summary>Baseline frame.</summary>
    public const byte Sof0 = 0xC0;

    /// <summary>Extended sequential frame, Huffman coded.</summary>
    public const byte Sof1 = 0xC1;

    /// <summary>Progressive frame, Huffman coded.</summary>
    public const byte Sof2 = 0xC2;

    /// <summary>Huffman tables.</summary>
    public const byte Dht = 0xC4;

    /// <summary>The first of eight restart markers.</summary>
    public const byte Rst0 = 0xD0;

    /// <summary>The last of them.</summary>
    public const byte Rst7 = 0xD7;

    /// <summary>Start of the picture.</summary>
    public const byte Soi = 0xD8;

    /// <summary>End of the picture.</summary>
    public const byte Eoi = 0xD9;

    /// <summary>Start of a scan.</summary>
    public const byte Sos = 0xDA;

    /// <summary>Quantisation tables.</summary>
    public const byte Dqt = 0xDB;

    /// <summary>Number of lines, given after the first scan.</summary>
    public const byte Dnl = 0xDC;

    /// <summary>Restart interval.</summary>
    public const byte Dri = 0xDD;

    /// <summary>JFIF's segment.</summary>
    public const byte App0 = 0xE0;

    /// <summary>EXIF's segment.</summary>
    public const byte App1 = 0xE1;

    /// <summary>Application data: an ICC profile.</summary>
    public const byte App2 = 0xE2;

    /// <summary>Adobe's segment.</summary>
    public const byte App14 = 0xEE;

    private const byte Tem = 0x01;

    /// <summary>Whether it is one of the restart markers.</summary>
    public static bool IsRestart(byte marker) => marker is >= Rst0 and <= Rst7;

    /// <summary>Whether no parameters follow.</summary>
    public static bool IsAlone(byte marker) => IsRestart(marker) || marker is Soi or Eoi or Tem;

    /// <summary>Why frames of this kind are refused, or null for other markers.</summary>
    public static string? UnsupportedFrame(byte marker) => marker switch
    {
        0xC3 => "lossless coding",
        0xC5 or 0xC6 or 0xC7 => "hierarchical coding",
        >= 0xC9 and <= 0xCC => "arithmetic coding",
        >= 0xCD and <= 0xCF => "hierarchical arithmetic coding",
        Dnl => "a height given after the pixels",
        0xF7 => "JPEG-LS",
        _ => null,
    };

    /// <summary>The name that T.81 gives it.</summary>
    public static string Name(byte marker) => marker switch
    {
        Dht => "DHT",
        0xCC => "DAC",
        >= 0xC0 and <= 0xCF => $"SOF{marker - 0xC0}",
        >= Rst0 and <= Rst7 => $"RST{marker - Rst0}",
        Soi => "SOI",
        Eoi => "EOI",
        Sos => "SOS",
        Dqt => "DQT",
        Dnl => "DNL",
        Dri => "DRI",
        >= 0xE0 and <= 0xEF => $"APP{marker - 0xE0}",
        0xFE => "COM",
        _ => $"marker 0x{marker:X2}",
    };
}
