using System.IO.Compression;
using PerCo.Engine.Codec;
using PerCo.Engine.Codec.PercoSd;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tests.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Hostile;

/// <summary>The limits that hold unless told otherwise: 64 megapixels, 16 MiB, 4 KiB of caption.</summary>
public sealed class LimitTests
{
    private const int Side = 8192;

    [Fact]
    public void Pictures_have_at_most_64_megapixels()
    {
        PerCoFile largest = PerCoFileTests.Sample(Side, Side, new CodeGrid(1024, 2));
        Assert.Equal(Side, PerCoFile.Parse(largest.ToBytes()).Width);
        byte[] larger = PerCoFileTests.Sample(Side, Side + 1, new CodeGrid(1024, 2)).ToBytes();
        Assert.Throws<PerCoException>(() => PerCoFile.Parse(larger));
        Assert.Equal(Side + 1, PerCoFile.Parse(larger, new PerCoFileLimits { MaxPixels = 1 << 27 }).Height);
        Assert.Equal((long)Side * Side, ImageLimits.Default.MaxPixels);
    }

    [Fact]
    public void Containers_have_at_most_16_MiB()
    {
        byte[] file = new byte[(16 << 20) + 1];
        PerCoFileTests.Sample(64, 64, new CodeGrid(64, 2)).ToBytes().CopyTo(file, 0);
        PerCoException e = Assert.Throws<PerCoException>(() => PerCoFile.Parse(file));
        Assert.Contains("16777216", e.Message, StringComparison.Ordinal);
        using var endless = new EndlessStream(file[..64]);
        Assert.Contains(
            "16777216", Assert.Throws<PerCoException>(() => PerCoFile.Load(endless)).Message, StringComparison.Ordinal);
        Assert.InRange(endless.Given, 16 << 20, 17 << 20);
        Assert.Throws<PerCoException>(() => PercoSdFile.Parse(file));
    }

    [Fact]
    public void Captions_have_at_most_4_KiB()
    {
        PerCoFile file = PerCoFileTests.Sample(64, 64, CodeGrid.None);
        PerCoFile longest = file with { Caption = new string('a', 4096) };
        Assert.Equal(longest.Caption, PerCoFile.Parse(longest.ToBytes()).Caption);
        Assert.Throws<PerCoException>(() => (file with { Caption = new string('a', 4097) }).ToBytes());
        Assert.Throws<PerCoException>(() => (file with { Caption = new string('é', 2049) }).ToBytes());
    }

    [Fact]
    public void A_zlib_bomb_in_a_pickle_is_not_inflated()
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 64; i++)
            {
                zlib.Write(zeros);
            }
        }

        byte[] bomb = PickleWriter.Dictionary(
            PickleWriter.Bytes(packed.ToArray()), PickleWriter.Bytes(new byte[64]), PickleWriter.Pair(512, 512));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<PerCoException>(() => PerCoFile.FromPercoSd(bomb, 1));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);
    }

    [Fact]
    public void A_deep_pickle_is_not_built()
    {
        // Sixteen million tuples, each inside the next.
        byte[] deep = new byte[16 << 20];
        Array.Fill(deep, (byte)0x85);
        (deep[0], deep[1], deep[2], deep[^1]) = ((byte)'K', 1, 0x85, (byte)'.');
        long before = GC.GetAllocatedBytesForCurrentThread();
        PerCoException e = Assert.Throws<PerCoException>(() => PercoSdFile.Parse(deep));
        Assert.Contains("opcodes", e.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Messages_are_one_line_whatever_they_quote()
    {
        string name = "a\nb\u2028c\r\n" + new string('x', 1 << 20);
        Assert.InRange(new PerCoException(name).Message.Length, 1000, 1001);
        Assert.StartsWith("a b c xxx", new PerCoException(name, new IOException()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_codes_than_pixels_are_refused()
    {
        PerCoFile file = PerCoFileTests.Sample(64, 64, new CodeGrid(1, 2, 64));
        byte[] bytes = file.ToBytes();
        Assert.Throws<PerCoException>(() => PerCoFile.Parse(bytes, new PerCoFileLimits { MaxPixels = 64 * 64 }));
        Assert.Equal(64 * 64 * 64, PerCoFile.Parse(bytes).Indices.Count);
    }

    private sealed class EndlessStream(byte[] start) : Stream
    {
        public long Given { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => Given; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (Given == 0)
            {
                start.AsSpan(0, Math.Min(count, start.Length)).CopyTo(buffer.AsSpan(offset));
            }

            Given += count;
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
