using System.Buffers.Binary;
using PerCo.Engine.Imaging;
using PerCo.Engine.IO;
using Xunit;

namespace PerCo.Engine.Tests.Imaging;

/// <summary>
/// Files changed at random, from fixed seeds. Each opens or is refused with a <see cref="PerCoException"/>; anything
/// else fails the test, as does a file that makes the decoder allocate much more than the limits allow.
/// </summary>
public sealed class MutationTests
{
    private const int Mutations = 4000;

    // Small, so that a mutated size cannot cost much time either.
    private static readonly ImageLimits Limits = new() { MaxPixels = 1 << 16 };

    [Theory]
    [InlineData("png/c2-d8.png", 1)]
    [InlineData("png/c3-d4-adam7-trns.png", 2)]
    [InlineData("png/c6-d16-adam7.png", 3)]
    [InlineData("png/c0-d1-trns.png", 4)]
    public void Png(string file, int seed) => MutateAll(TestImages.Golden(file), seed, RepairPng);

    [Theory]
    [InlineData("resize-source.ppm", 5)]
    public void Ppm(string file, int seed) => MutateAll(TestImages.Golden(file), seed, _ => { });

    [Fact]
    public void Pam() => MutateAll(
        [.. "P7\nWIDTH 3\nHEIGHT 2\nDEPTH 4\nMAXVAL 300\nTUPLTYPE RGB_ALPHA\nENDHDR\n"u8, .. new byte[48]],
        6,
        _ => { });

    [Theory]
    [InlineData("jpeg/sampling-2x2.jpg", 7)]
    [InlineData("jpeg/restart-units.jpg", 8)]
    [InlineData("jpeg/deep-progressive.jpg", 9)]
    [InlineData("jpeg/progressive-4x2.jpg", 10)]
    [InlineData("jpeg/exif-5.jpg", 11)]
    public void Jpeg(string file, int seed) => MutateAll(TestImages.Golden(file), seed, _ => { });

    private static void MutateAll(byte[] original, int seed, Action<byte[]> repair)
    {
        Random random = new(seed);
        int opened = 0, refused = 0;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] file = Mutate(original, random);
            if (random.Next(2) == 0)
            {
                repair(file);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Image image = ImageFormats.Decode(file, Limits);
                Assert.True((long)image.Width * image.Height <= Limits.MaxPixels);
                opened++;
            }
            catch (PerCoException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"mutation {i} of seed {seed}: {e}");
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
        }

        Assert.True(opened > 0 && refused > 0, $"{opened} opened and {refused} refused: the mutations do not vary");
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        byte[] file = (byte[])original.Clone();
        for (int changes = random.Next(1, 5); changes > 0; changes--)
        {
            int at = random.Next(file.Length);
            switch (random.Next(6))
            {
                case 0:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    file[at] = (byte)random.Next(256);
                    break;
                case 2:
                    file[at] = (byte)(random.Next(2) * 255);
                    break;
                case 3:
                    file = file[..Math.Max(at, 1)];
                    break;
                case 4:
                    int length = random.Next(file.Length - at);
                    file = [.. file[..(at + length)], .. file[at..]];
                    break;
                default:
                    // Early bytes matter most: that is where the headers are.
                    file[random.Next(Math.Min(file.Length, 64))] ^= (byte)random.Next(256);
                    break;
            }
        }

        return file;
    }

    /// <summary>Makes the checksums right again, so that the damage gets past them.</summary>
    private static void RepairPng(byte[] file)
    {
        for (long at = 8; at + 12 <= file.Length;)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan((int)at));
            if (at + 12 + length > file.Length)
            {
                return;
            }

            uint crc = Crc32.Compute(file.AsSpan((int)at + 4, (int)length + 4));
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan((int)(at + 8 + length)), crc);
            at += 12 + length;
        }
    }
}
