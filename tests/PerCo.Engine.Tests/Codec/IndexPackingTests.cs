using PerCo.Engine.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

public class IndexPackingTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(64)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(1024)]
    [InlineData(8196)]
    [InlineData(1 << 20)]
    public void Codes_survive_at_every_length(int entries)
    {
        var random = new Random(entries);
        foreach (int count in new[] { 0, 1, 2, 7, 8, 9, 511, 512, 513, 1024, 1537 })
        {
            int[] indices = [.. Enumerable.Range(0, count).Select(_ => random.Next(entries))];
            Check(indices, entries);
            Check([.. Enumerable.Repeat(entries - 1, count)], entries);
            Check(new int[count], entries);
        }
    }

    [Fact]
    public void A_codebook_of_8196_wastes_nothing()
    {
        // 1024 codes of log2(8196) = 13.0007 bits are 1664.09 bytes.
        Assert.Equal(1665, IndexPacking.ByteCount(1024, 8196));
        foreach (int entries in new[] { 3, 5, 8196, 100003 })
        {
            double ideal = 100_000 * Math.Log2(entries) / 8;
            Assert.InRange(IndexPacking.ByteCount(100_000, entries), ideal, ideal + 100_000 / 512.0 / 8 + 2);
        }
    }

    [Fact]
    public void Bits_that_no_codes_produce_are_refused()
    {
        Assert.Throws<PerCoException>(() => IndexPacking.Unpack([0xFF], 3, new int[5])); // 255 ≥ 3^5 = 243
        Assert.Throws<PerCoException>(() => IndexPacking.Unpack([0x01], 64, new int[1])); // fill bits
    }

    private static void Check(int[] indices, int entries)
    {
        byte[] packed = IndexPacking.Pack(indices, entries);
        Assert.Equal(IndexPacking.ByteCount(indices.Length, entries), packed.Length);
        var unpacked = new int[indices.Length];
        IndexPacking.Unpack(packed, entries, unpacked);
        Assert.Equal(indices, unpacked);
    }
}
