using PerCo.Engine.Codec;
using PerCo.Engine.IO;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

public class PerCoFileTests
{
    [Theory]
    [InlineData(768, 512, 16, 256, 1)]
    [InlineData(17, 16, 64, 1024, 1)]
    [InlineData(500, 333, 16, 8196, 1)]
    [InlineData(640, 480, 8, 3, 1)]
    [InlineData(64, 64, 32, 1000, 5)]
    [InlineData(70000, 16, 1024, 2, 1)]
    public void What_is_written_is_read(int width, int height, int stride, int entries, int books)
    {
        var grid = new CodeGrid(stride, entries, books);
        PerCoFile file = Sample(width, height, grid) with { Seed = 12345678901234567890, Steps = 7,
            GuidanceHundredths = 250 };
        AssertEqual(file, PerCoFile.Parse(file.ToBytes()));
        PerCoFile plain = Sample(width, height, grid);
        AssertEqual(plain, PerCoFile.Parse(plain.ToBytes()));
    }

    [Fact]
    public void Text_alone_is_a_file()
    {
        PerCoFile file = Sample(100, 50, CodeGrid.None);
        AssertEqual(file, PerCoFile.Parse(file.ToBytes()));
    }

    [Fact]
    public void The_overhead_at_default_settings_is_at_most_16_bytes()
    {
        byte[] bytes = Sample(768, 512, new CodeGrid(16, 256)).ToBytes();
        PerCoFileSizes sizes = PerCoFile.Measure(bytes);
        Assert.Equal(bytes.Length, sizes.Total);
        Assert.Equal(48 * 32, sizes.Codes);
        Assert.True(sizes.Header + sizes.Checksum <= 16, $"overhead {sizes.Header + sizes.Checksum}");
    }

    [Fact]
    public void Every_published_rate_has_its_number()
    {
        foreach (CodeGrid grid in CodeGrid.Published)
        {
            PerCoFileSizes sizes = PerCoFile.Measure(Sample(768, 512, grid).ToBytes());
            Assert.Equal(16, sizes.Header + sizes.Checksum);
        }
    }

    [Fact]
    public void Every_flipped_bit_is_found()
    {
        byte[] bytes = Sample(64, 48, new CodeGrid(16, 256)).ToBytes();
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<PerCoException>(() => PerCoFile.Parse(damaged));
        }
    }

    [Fact]
    public void Every_cut_is_found()
    {
        byte[] bytes = Sample(64, 48, new CodeGrid(16, 256)).ToBytes();
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<PerCoException>(() => PerCoFile.Parse(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Hostile_sizes_take_no_memory()
    {
        // A right checksum over a header that claims 2 147 483 647 × 1 pixels, then 65536 × 1024 with no codes behind.
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (byte[] content in new byte[][]
        {
            [0xB7, 0x50, 0x43, 0x16, 1, 2, 3, 4, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 1],
            [0xB7, 0x50, 0x43, 0x16, 1, 2, 3, 4, 0x80, 0x80, 0x04, 0x80, 0x08],
            [0xB7, 0x50, 0x43, 0x1F, 1, 2, 3, 4, 1, 1, 200, 2, 1],
            [0xB7, 0x50, 0x43, 0x96, 1, 2, 3, 4, 1, 1, 0x80, 1],
            [0xB7, 0x50, 0x43, 0x16, 1, 2, 3, 4, 0x80, 0x00, 1],
        })
        {
            Assert.Throws<PerCoException>(() => PerCoFile.Parse(WithChecksum(content)));
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void A_newer_version_says_so()
    {
        byte[] bytes = Sample(64, 48, new CodeGrid(16, 256)).ToBytes();
        bytes[3] = (byte)(bytes[3] & 0x8F | 2 << 4);
        var error = Assert.Throws<PerCoException>(() => PerCoFile.Parse(bytes));
        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Codes_beyond_the_codebook_are_refused()
    {
        var indices = new int[12];
        indices[5] = 256;
        PerCoFile file = Sample(64, 48, new CodeGrid(16, 256)) with { Indices = indices };
        Assert.Throws<ArgumentException>(() => file.ToBytes());
    }

    [Fact]
    public void Files_that_say_the_same_are_equal()
    {
        PerCoFile file = Sample(64, 64, new CodeGrid(16, 256));
        PerCoFile again = PerCoFile.Parse(file.ToBytes());
        Assert.Equal(file, again);
        Assert.Equal(file.GetHashCode(), again.GetHashCode());
        Assert.NotEqual(file, again with { Indices = [.. file.Indices.Take(15), (file.Indices[15] + 1) % 256] });
        Assert.NotEqual(file, again with { Caption = file.Caption + "." });
        Assert.NotEqual(file, again with { Seed = 99 });
    }

    internal static PerCoFile Sample(int width, int height, CodeGrid grid)
    {
        var random = new Random(width * 31 + height);
        var indices = new int[grid.Count(width, height)];
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = random.Next(grid.Entries);
        }

        return new PerCoFile
        {
            ModelIdentity = 0xDEADBEEF,
            Width = width,
            Height = height,
            Grid = grid,
            Indices = indices,
            Caption = "two parrots standing next to each other",
        };
    }

    private static byte[] WithChecksum(byte[] content) =>
        [.. content, .. BitConverter.GetBytes(Crc32.Compute(content))];

    private static void AssertEqual(PerCoFile expected, PerCoFile actual)
    {
        Assert.Equal(expected.Indices, actual.Indices);
        Assert.Equal(expected with { Indices = actual.Indices }, actual);
    }
}
