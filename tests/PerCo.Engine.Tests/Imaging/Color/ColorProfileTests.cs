using System.Text.Json;
using PerCo.Engine.Imaging;
using PerCo.Engine.Imaging.Color;
using PerCo.Engine.Imaging.Formats.Jpeg;
using PerCo.Engine.Tests.Imaging.Formats.Png;
using Xunit;

namespace PerCo.Engine.Tests.Imaging.Color;

/// <summary>Colour profiles against littlecms, and files without a usable one.</summary>
public sealed class ColorProfileTests
{
    // littlecms rounds curves and matrix to 16 bits.
    private const int Roundings = 1;

    public static TheoryData<string> Files() =>
        [.. TestImages.Cases("profiles").Select(c => c.Case.GetProperty("file").GetString()!)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Pictures_are_converted_to_sRGB(string file)
    {
        (JsonElement _, Image expected) = TestImages.Cases("profiles").Single(c =>
            c.Case.GetProperty("file").GetString() == file);
        Image found = ImageFormats.Decode(TestImages.Golden($"profiles/{file}"));
        TestImages.AssertNear(expected, found, file == "srgb.png" ? 0 : Roundings, file);
    }

    [Fact]
    public void Greys_stay_grey()
    {
        byte[] greys = [.. Enumerable.Range(0, 256).SelectMany(v => Enumerable.Repeat((byte)v, Image.Channels))];
        foreach (string file in (string[])["display-p3.png", "adobe-rgb.png", "wide-table.png", "linear.png"])
        {
            Image image = new(256, 1, [.. greys]);
            SrgbConversion.Apply(image, Profile(file), isGray: false);
            Assert.All(image.Pixels.Chunk(Image.Channels), pixel => Assert.Single(pixel.Distinct()));
            Assert.Equal(greys[..3], image.Pixels[..3]);
            Assert.Equal(greys[^3..], image.Pixels[^3..]);
        }
    }

    /// <summary>Notes never stop a picture from opening.</summary>
    [Fact]
    public void A_damaged_profile_is_none()
    {
        byte[] profile = Profile("display-p3.png");
        Image stored = TestImages.Make(9, 5);
        for (int length = 0; length < profile.Length; length++)
        {
            SrgbConversion.Apply(Copy(stored), profile.AsSpan(0, length), isGray: false);
        }

        for (int at = 0; at < profile.Length; at++)
        {
            foreach (byte value in (byte[])[0, 1, 0x7F, 0x80, 0xFF])
            {
                byte[] damaged = [.. profile];
                damaged[at] = value;
                SrgbConversion.Apply(Copy(stored), damaged, isGray: false);
            }
        }

        Image same = Copy(stored);
        SrgbConversion.Apply(same, profile.AsSpan(0, 100), isGray: false);
        SrgbConversion.Apply(same, [], isGray: false);
        TestImages.AssertEqual(stored, same, "cut off");
    }

    [Fact]
    public void A_profile_for_grey_is_not_for_colours()
    {
        Image stored = TestImages.Make(9, 5), image = Copy(stored);
        SrgbConversion.Apply(image, Profile("gray-gamma.png"), isGray: false);
        SrgbConversion.Apply(image, Profile("display-p3.png"), isGray: true);
        TestImages.AssertEqual(stored, image, "other kind");
    }

    [Fact]
    public void A_JPEG_needs_all_parts_of_its_profile()
    {
        byte[] part = [.. "ICC_PROFILE\0"u8, 2, 2, 7, 8], first = [.. "ICC_PROFILE\0"u8, 1, 2, 5, 6];
        var profile = new JpegProfile();
        Assert.Empty(profile.Whole());
        profile.Add(part);
        profile.Add("MPF\0something else"u8);
        profile.Add([.. "ICC_PROFILE\0"u8, 3, 2, 9]);
        profile.Add([.. "ICC_PROFILE\0"u8, 0, 2, 9]);
        profile.Add([.. "ICC_PROFILE\0"u8, 1, 3, 9]);
        Assert.Empty(profile.Whole());
        profile.Add(first);
        profile.Add([.. "ICC_PROFILE\0"u8, 1, 2, 0]);
        Assert.Equal([5, 6, 7, 8], profile.Whole());
    }

    [Fact]
    public void A_PNGs_profile_that_is_damaged_or_far_too_large_is_none()
    {
        byte[] pixels = [0, 200, 100, 50];
        foreach (byte[] chunk in (byte[][])
        [
            [], [.. "name"u8], [.. "name\0"u8], [.. "name\0\u0001"u8, .. TestPng.Zlib([1])],
            [.. "name\0\0"u8, 1, 2, 3], [.. "name\0\0"u8, .. TestPng.Zlib(new byte[5 << 20])],

            // Asks for a dictionary.
            [.. "name\0\0"u8, 0x78, 0xBB, 1, 2, 3, 4, 5, 6],
        ])
        {
            Image image = ImageFormats.Decode(TestPng.File(
                TestPng.Header(1, 1), TestPng.Chunk("iCCP", chunk), TestPng.Data(pixels), TestPng.End()));
            Assert.Equal(pixels[1..], image.Pixels);
        }
    }

    [Fact]
    public void A_PNGs_profile_with_a_wrong_checksum_is_none()
    {
        byte[] png = TestImages.Golden("profiles/adobe-rgb.png");
        Image converted = ImageFormats.Decode(png);
        int at = png.AsSpan().IndexOf("iCCP"u8);
        png[at + 30] ^= 1;
        Assert.NotEqual(converted.Pixels, ImageFormats.Decode(png).Pixels);
    }

    private static Image Copy(Image image) => new(image.Width, image.Height, [.. image.Pixels]);

    // The chunk's data, inflated.
    private static byte[] Profile(string file)
    {
        byte[] png = TestImages.Golden($"profiles/{file}");
        int at = png.AsSpan().IndexOf("iCCP"u8);
        int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at - 4));
        return PerCo.Engine.Imaging.Formats.Png.PngProfile.Inflate(png.AsSpan(at + 4, length));
    }
}
