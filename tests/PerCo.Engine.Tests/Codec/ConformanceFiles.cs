using PerCo.Engine.Codec;

namespace PerCo.Engine.Tests.Codec;

/// <summary>What the conformance files were made from, once; see tests/goldens/conformance/README.md.</summary>
internal static class ConformanceFiles
{
    private const string Parrots = "two parrots standing next to each other";

    public static IEnumerable<(string Name, PerCoFile File)> All()
    {
        (int Width, int Height)[] sizes =
            [(256, 192), (200, 136), (320, 200), (200, 152), (512, 416), (160, 120), (129, 97)];
        for (int rate = 0; rate < CodeGrid.Published.Count; rate++)
        {
            yield return ($"rate-{rate}", Make(sizes[rate].Width, sizes[rate].Height, CodeGrid.Published[rate]));
        }

        int[] entries = [256, 100, 1024, 16, 3, 8196, 2];
        for (int books = 2; books <= 8; books++)
        {
            yield return ($"product-{books}", Make(64, 48, new CodeGrid(16, entries[books - 2], books)));
        }

        yield return ("spelled-3", Make(96, 64, new CodeGrid(8, 3)));
        yield return ("spelled-8191", Make(500, 333, new CodeGrid(16, 8191)));
        yield return ("spelled-largest-codebook", Make(127, 65, new CodeGrid(64, CodeGrid.MaxEntries)));
        yield return ("spelled-stride-1", Make(16, 9, new CodeGrid(1, 2)));
        yield return ("spelled-stride-1024-wide", Make(70_000, 16, new CodeGrid(1024, 2)));

        PerCoFile plain = Make(64, 48, new CodeGrid(16, 256));
        yield return ("text-only-longest", Make(768, 512, CodeGrid.None) with
        {
            Caption = string.Concat(Enumerable.Range(0, 1024).Select(i => i % 7 == 0 ? "x, y" : $"{i:0000}")),
        });
        yield return ("codes-only-odd", Make(17, 33, new CodeGrid(8, 64)) with { Caption = "" });
        yield return ("minimal", Make(1, 1, CodeGrid.None) with { Caption = "" });
        yield return ("minimal-codes", Make(1, 1, new CodeGrid(64, 256)) with { Caption = "a" });
        yield return ("caption-german", plain with { Caption = "Ein Kätzchen schläft auf dem Sofa." });
        yield return ("caption-chinese", plain with { Caption = "一只猫坐在窗台上" });
        yield return ("caption-mixed", plain with
        {
            Caption = "A café ☕, قطة, 👩‍👩‍👧 and e\u0301\r\n\t\"quoted\" \\ \0.",
        });
        yield return ("options-all", plain with { Seed = 12345678901234567890, Steps = 7, GuidanceHundredths = 250 });
        yield return ("options-seed", plain with { Seed = ulong.MaxValue });
        yield return ("options-steps", plain with { Steps = 1000 });
        yield return ("options-guidance", plain with { GuidanceHundredths = ushort.MaxValue });
    }

    private static PerCoFile Make(int width, int height, CodeGrid grid)
    {
        // A multiplicative generator, so that other programs can make the same codes.
        uint state = (uint)(width * 65_537 + height);
        var indices = new int[grid.Count(width, height)];
        for (int i = 0; i < indices.Length; i++)
        {
            state = state * 1_664_525 + 1_013_904_223;
            indices[i] = (int)((ulong)state * (uint)grid.Entries >> 32);
        }

        return new PerCoFile
        {
            ModelIdentity = 0x04030201,
            Width = width,
            Height = height,
            Grid = grid,
            Indices = indices,
            Caption = Parrots,
        };
    }
}
