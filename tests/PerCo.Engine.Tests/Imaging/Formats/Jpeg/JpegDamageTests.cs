using System.Diagnostics;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Imaging.Formats.Jpeg;

/// <summary>Each way of being wrong is refused at its field and byte.</summary>
public sealed class JpegDamageTests
{
    private const byte Sof0 = 0xC0, Dht = 0xC4, Sos = 0xDA, Dqt = 0xDB, Dri = 0xDD;

    private static byte[] Gray => TestImages.Golden("jpeg/gray.jpg");

    private static byte[] Color => TestImages.Golden("jpeg/sampling-2x2.jpg");

    private static byte[] Progressive => TestImages.Golden("jpeg/deep-progressive.jpg");

    [Fact]
    public void Markers()
    {
        byte[] file = Gray;
        TestImages.AssertRefused([0xFF, 0xD8, 0xFF], "marker", 3, "ends before");
        TestImages.AssertRefused(Changed(file, 2, 0xFE), "signature", 0);
        int table = Find(file, Dqt);
        TestImages.AssertRefused(Changed(file, table, 0), "marker", table, "0x00DB");
        TestImages.AssertRefused(Changed(file, table + 3, 1), "DQT length", table + 2, "found 1; get a fresh copy");
        TestImages.AssertRefused(Changed(file, table + 2, 0xFF), "DQT length", table + 2);
        TestImages.AssertRefused(file[..(table + 3)], "DQT length", table + 2, "ends here; get a fresh copy");
        TestImages.AssertRefused([.. file[..table], 0xFF, 0xD8, .. file[table..]], "SOI", table);
        TestImages.AssertRefused([.. file[..table], 0xFF, 0xD9], "EOI", table, "frame header");
        TestImages.AssertRefused(file[..^2], "marker", file.Length - 2, "before its EOI");
    }

    [Theory]
    [InlineData(0xC3, "SOF3", "lossless")]
    [InlineData(0xC5, "SOF5", "hierarchical")]
    [InlineData(0xC9, "SOF9", "arithmetic")]
    [InlineData(0xCC, "DAC", "arithmetic")]
    [InlineData(0xDC, "DNL", "height")]
    public void OtherFrames(byte marker, string field, string name)
    {
        byte[] file = Gray;
        int frame = Find(file, Sof0);
        TestImages.AssertRefused(Changed(file, frame + 1, marker), field, frame, name);
    }

    [Fact]
    public void ValidButRefused()
    {
        byte[] arithmetic = TestImages.Golden("jpeg/refused-arithmetic.jpg");
        TestImages.AssertRefused(arithmetic, "SOF9", Find(arithmetic, 0xC9), "arithmetic");
        byte[] cmyk = TestImages.Golden("jpeg/refused-cmyk.jpg");
        TestImages.AssertRefused(cmyk, "SOF0 components", Find(cmyk, Sof0) + 9, "CMYK");
        TestImages.AssertRefused(Changed(Gray, Find(Gray, Sof0) + 4, 12), "SOF0 precision", Find(Gray, Sof0) + 4, "12");
    }

    [Theory]
    [InlineData(3, 9, "length", 2)]
    [InlineData(5, 0, "height", 5, 6)]
    [InlineData(7, 0, "width", 7, 8)]
    [InlineData(9, 2, "components", 9)]
    [InlineData(9, 0, "components", 9)]
    [InlineData(11, 0x01, "sampling", 11)]
    [InlineData(11, 0x15, "sampling", 11)]
    [InlineData(12, 4, "quantisation table", 12)]
    [InlineData(13, 1, "component", 13)]
    [InlineData(14, 0x31, "sampling", 11)]
    public void FrameFields(int at, byte value, string field, int expectedAt, int alsoZero = -1)
    {
        byte[] file = Color;
        int frame = Find(file, Sof0);
        file[frame + at] = value;
        if (alsoZero >= 0)
        {
            file[frame + alsoZero] = 0;
        }

        TestImages.AssertRefused(file, "SOF0 " + field, frame + expectedAt);
    }

    [Fact]
    public void TwoFrames()
    {
        byte[] file = Gray;
        int frame = Find(file, Sof0);
        byte[] segment = file[frame..(frame + 2 + file[frame + 3])];
        byte[] twice = [.. file[..frame], .. segment, .. file[frame..]];
        TestImages.AssertRefused(twice, "SOF0", frame + segment.Length, "second");
    }

    [Fact]
    public void Sizes()
    {
        byte[] file = Gray;
        int frame = Find(file, Sof0);
        TestImages.AssertRefused(file, "size", frame + 5, "45 × 37", new ImageLimits { MaxPixels = 45 * 37 - 1 });
        Assert.Equal(45, ImageFormats.Decode(file, new ImageLimits { MaxPixels = 45 * 37 }).Width);
        file.AsSpan(frame + 5, 4).Fill(0xFF);
        TestImages.AssertRefused(file, "size", frame + 5, "65535 × 65535");
        (file[frame + 5], file[frame + 6], file[frame + 7], file[frame + 8]) = (0x20, 0, 0x20, 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        TestImages.AssertRefused(file, "SOF0 size", frame + 5, "blocks");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void Tables()
    {
        byte[] file = Color;
        int dqt = Find(file, Dqt), dht = Find(file, Dht), sos = Find(file, Sos);
        TestImages.AssertRefused(Changed(file, dqt + 4, 0x04), "DQT table", dqt + 4);
        TestImages.AssertRefused(Changed(file, dqt + 4, 0x20), "DQT table", dqt + 4);
        TestImages.AssertRefused(Changed(file, dqt + 4, 0x10), "DQT length", dqt + 2);
        TestImages.AssertRefused(Changed(file, dqt + 4, 0x02), "SOS component", sos + 5, "quantisation table 0");
        TestImages.AssertRefused(Changed(file, dht + 4, 0x20), "DHT table", dht + 4);
        TestImages.AssertRefused(Changed(file, dht + 4, 0x04), "DHT table", dht + 4);
        TestImages.AssertRefused(Changed(file, dht + 5, 3), "DHT length", dht + 2);
        TestImages.AssertRefused(Changed(file, dht + 5, 3, dht + 7, 0), "DHT code lengths", dht + 5);
        TestImages.AssertRefused(Changed(file, dht + 21, 16), "DHT symbol", dht + 21);
        TestImages.AssertRefused(Changed(file, dht + 4, 0x02), "SOS Huffman tables", sos + 6, "DC table 0");
        byte[] restarts = TestImages.Golden("jpeg/restart-rows.jpg");
        int dri = Find(restarts, Dri);
        byte[] noInterval = [.. restarts[..dri], 0xFF, Dri, 0, 2, .. restarts[(dri + 6)..]];
        TestImages.AssertRefused(noInterval, "DRI length", dri + 2);
    }

    [Fact]
    public void ScanHeaders()
    {
        byte[] file = Color;
        int sof = Find(file, Sof0), sos = Find(file, Sos);
        TestImages.AssertRefused(Changed(file, sos + 4, 0), "SOS components", sos + 4);
        TestImages.AssertRefused(Changed(file, sos + 4, 4), "SOS components", sos + 4);
        TestImages.AssertRefused(Changed(file, sos + 5, 9), "SOS component", sos + 5, "no component 9");
        TestImages.AssertRefused(Changed(file, sos + 7, file[sos + 5]), "SOS component", sos + 7, "twice");
        TestImages.AssertRefused(Changed(file, sos + 6, 0x40), "SOS Huffman tables", sos + 6);
        TestImages.AssertRefused(Changed(file, sos + 6, 0x03), "SOS Huffman tables", sos + 6, "AC table 3");
        byte[] noFrame = [.. file[..sof], .. file[(sof + 2 + file[sof + 3])..]];
        TestImages.AssertRefused(noFrame, "SOS", Find(noFrame, Sos), "frame header");
        byte[] again = [.. file[..^2], .. file[sos..]];
        TestImages.AssertRefused(again, "SOS bits", file.Length - 2 + 13, "repeated");
        byte[] noScan = [.. file[..sos], 0xFF, 0xD9];
        TestImages.AssertRefused(noScan, "EOI", sos, "no scan");
    }

    [Fact]
    public void ProgressiveHeaders()
    {
        byte[] file = Progressive;
        int first = Find(file, Sos);
        int second = first + 2 + Find(file[(first + 2)..], Sos);
        int band = second + 7;
        Assert.Equal([1, 1, 0x03], file[band..(band + 3)]);
        TestImages.AssertRefused(Changed(file, first + 12, 3), "SOS coefficients", first + 11, "0 to 3");
        TestImages.AssertRefused(Changed(file, band + 1, 0), "SOS coefficients", band, "1 to 0");
        TestImages.AssertRefused(Changed(file, band + 1, 64), "SOS coefficients", band, "1 to 64");
        TestImages.AssertRefused(Changed(file, band + 2, 0x0E), "SOS bits", band + 2);
        TestImages.AssertRefused(Changed(file, band + 2, 0x20), "SOS bits", band + 2, "not the next bit");
        TestImages.AssertRefused(Changed(file, band + 2, 0x10), "SOS bits", band + 2, "out of turn");
        byte[] fromOne = Changed(file, first + 11, 1, first + 12, 1);
        TestImages.AssertRefused(fromOne, "SOS components", first + 4, "found 3");
        int table = file.AsSpan(0, second).LastIndexOf((ReadOnlySpan<byte>)[0xFF, Dht]);
        byte[] noMeans = [.. file[..first], .. file[table..]];
        TestImages.AssertRefused(noMeans, "SOS coefficients", first + band - table, "before 0");
    }

    [Fact]
    public void ScanData()
    {
        byte[] file = Gray;
        int data = Find(file, Sos) + 10;
        byte[] cut = [.. file[..(data + 20)], 0xFF, 0xD9];
        TestImages.AssertRefused(cut, "scan data", data + 20, "ends within a block");
        TestImages.AssertRefused(file[..(data + 20)], "scan data", data + 20, "ends within a block");

        // All ones is a code that the standard's tables do not have.
        byte[] stuffed = [.. Enumerable.Range(0, 40).Select(i => (byte)(i % 2 == 0 ? 0xFF : 0))];
        byte[] ones = [.. file[..data], .. stuffed, 0xFF, 0xD9];
        ImageFormatException e = Assert.Throws<ImageFormatException>(() => ImageFormats.Decode(ones));
        Assert.Equal("scan data", e.Field);
        Assert.InRange(e.Offset, data, data + 16);
        Assert.Contains("Huffman", e.Message);
    }

    [Fact]
    public void RestartMarkers()
    {
        byte[] file = TestImages.Golden("jpeg/restart-units.jpg");
        int restart = Find(file, 0xD1);
        TestImages.AssertRefused(Changed(file, restart + 1, 0xD2), "scan data", restart, "expected RST1, found RST2");
        byte[] removed = [.. file[..restart], .. file[(restart + 2)..]];
        ImageFormatException e = Assert.Throws<ImageFormatException>(() => ImageFormats.Decode(removed));
        Assert.Equal("scan data", e.Field);
        TestImages.AssertRefused(file[..restart], "scan data", restart, "the end of the file");
    }

    /// <summary>
    /// A progressive file of many scans over a large picture, each of a few bytes: the number of scans is bounded, and
    /// no coefficient may be sent twice.
    /// </summary>
    [Fact]
    public void ManyScansDoNotHang()
    {
        byte[] file = HostileProgressive(side: 2048, scans: 5000);
        Stopwatch watch = Stopwatch.StartNew();
        ImageFormatException e = Assert.Throws<ImageFormatException>(() => ImageFormats.Decode(file));
        Assert.Equal("SOS", e.Field);
        Assert.Contains("128 scans", e.Message);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"took {watch.Elapsed}");
    }

    // Scan 0 gives every block a mean of 0 by one bit; each scan after it is one coefficient, in runs of empty blocks.
    private static byte[] HostileProgressive(int side, int scans)
    {
        int blocks = side / 8 * (side / 8);
        List<byte> file = [0xFF, 0xD8, 0xFF, Dqt, 0, 67, 0, .. Enumerable.Repeat((byte)1, 64)];
        byte high = (byte)(side >> 8), low = (byte)side;
        file.AddRange([0xFF, 0xC2, 0, 11, 8, high, low, high, low, 1, 1, 0x11, 0]);
        // One code of one bit in each table: mean difference 0, and "2^14 blocks and 14 more bits are empty".
        file.AddRange([0xFF, Dht, 0, 20, 0x00, 1, .. new byte[15], 0x00]);
        file.AddRange([0xFF, Dht, 0, 20, 0x10, 1, .. new byte[15], 0xE0]);
        file.AddRange([0xFF, Sos, 0, 8, 1, 1, 0x00, 0, 0, 0, .. new byte[blocks / 8]]);
        for (int i = 0; i < scans; i++)
        {
            byte coefficient = (byte)((i % 63) + 1);
            int bit = 13 - (i / 63);
            byte bits = (byte)(i < 63 ? bit : ((bit + 1) << 4) | Math.Max(bit, 0));
            // A run of 2^14 + 14 zero bits is 16384 blocks in 15 bits.
            file.AddRange([0xFF, Sos, 0, 8, 1, 1, 0x00, coefficient, coefficient, bits]);
            file.AddRange(new byte[((blocks / 16384) + 1) * 2]);
        }

        file.AddRange([0xFF, 0xD9]);
        return [.. file];
    }

    private static int Find(byte[] file, byte marker)
    {
        int at = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, marker]);
        return at >= 0 ? at : throw new InvalidOperationException($"no marker 0x{marker:X2}");
    }

    private static byte[] Changed(byte[] file, params int[] placesAndValues)
    {
        byte[] changed = (byte[])file.Clone();
        for (int i = 0; i < placesAndValues.Length; i += 2)
        {
            changed[placesAndValues[i]] = (byte)placesAndValues[i + 1];
        }

        return changed;
    }
}
