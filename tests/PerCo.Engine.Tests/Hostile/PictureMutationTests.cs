using PerCo.Engine.Imaging;
using PerCo.Engine.Tests.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Hostile;

public sealed class PngMutationTests
{
    [Fact]
    public void Changed_files_are_read_or_refused() => HostileRun.All(
        [.. ((string[])["c2-d8", "c3-d4-adam7-trns", "c6-d16-adam7", "c0-d1-trns", "c4-d8"])
            .Select(name => TestImages.Golden($"png/{name}.png"))],
        new Mutator(1, "IDAT"u8.ToArray(), "tRNS"u8.ToArray(), "PLTE"u8.ToArray(), [0, 0, 0, 1], [0x7F, 255, 255, 255]),
        Mutator.RepairPng,
        file => ImageFormats.Decode(file));
}

public sealed class JpegMutationTests
{
    [Fact]
    public void Changed_files_are_read_or_refused() => HostileRun.All(
        [.. ((string[])["sampling-2x2", "restart-units", "deep-progressive", "progressive-4x2", "exif-5"])
            .Select(name => TestImages.Golden($"jpeg/{name}.jpg"))],
        new Mutator(
            2, [0xFF, 0xD8], [0xFF, 0xDA], [0xFF, 0xC4], [0xFF, 0xDB], [0xFF, 0xD0], [0xFF, 0xD9], [0xFF, 0xC2]),
        null,
        file => ImageFormats.Decode(file));
}

public sealed class PpmMutationTests
{
    [Fact]
    public void Changed_files_are_read_or_refused() => HostileRun.All(
        [
            TestImages.Golden("resize-source.ppm"),
            [.. "P7\nWIDTH 3\nHEIGHT 2\nDEPTH 4\nMAXVAL 300\nTUPLTYPE RGB_ALPHA\nENDHDR\n"u8, .. new byte[48]],
            [.. "P5 # grey\n4 3\n255\n"u8, .. new byte[12]],
            [.. "P6\n2 2\n65535\n"u8, .. new byte[24]],
        ],
        new Mutator(
            3, "99999999999"u8.ToArray(), "0"u8.ToArray(), "-1"u8.ToArray(), "#"u8.ToArray(), "\n"u8.ToArray()),
        null,
        file => ImageFormats.Decode(file));
}
