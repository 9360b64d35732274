using System.Globalization;
using System.Text.Json.Nodes;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Codec;
using PerCo.Engine.Codec.PercoSd;

namespace PerCo.Engine.Cli.Info;

/// <summary>What compressed pictures hold; no model is needed.</summary>
internal static class ContainerInfo
{
    public static InfoReport Of(string path, ContainerFile file, PerCoFileLimits limits) => file.Own is { } own
        ? Of(path, own, file.Bytes, PerCoFile.Measure(file.Bytes, limits))
        : Of(path, file.PercoSd!, file.Bytes.Length);

    private static InfoReport Of(string path, PerCoFile file, byte[] bytes, PerCoFileSizes sizes)
    {
        return new InfoReport(path, "perco")
            .Line("file", $"{path}: {Size(bytes.Length, file.Width, file.Height)}")
            .Line("format", $".perco version {PerCoFile.CurrentVersion}, checksum right")
            .Line("model", $"{file.ModelIdentity:x8}")
            .Line("picture", $"{file.Width}x{file.Height}")
            .Line("codes", file.Grid.HasCodes
                ? $"{file.Indices.Count}: {file.Grid.Columns(file.Width)}x{file.Grid.Rows(file.Height)}, {file.Grid}"
                : "(none)")
            .Line("caption", file.Caption.Length > 0 ? file.Caption : "(none)")
            .Line("seed", file.Seed?.ToString(CultureInfo.InvariantCulture) ?? "0 (default)")
            .Line("steps", file.Steps?.ToString(CultureInfo.InvariantCulture) ?? "(the model's)")
            .Line("guidance", file.Guidance?.ToString(CultureInfo.InvariantCulture) ?? "(the model's)")
            .Line("bytes", $"header {sizes.Header}, codes {sizes.Codes}, caption {sizes.Caption}, "
                + $"checksum {sizes.Checksum}")
            .Set("version", PerCoFile.CurrentVersion)
            .Set("model", $"{file.ModelIdentity:x8}")
            .Set("width", file.Width)
            .Set("height", file.Height)
            .Set("stride", file.Grid.Stride)
            .Set("entries", file.Grid.Entries)
            .Set("books", file.Grid.Books)
            .Set("codes", file.Indices.Count)
            .Set("caption", file.Caption)
            .Set("seed", file.Seed)
            .Set("steps", file.Steps)
            .Set("guidance", file.Guidance)
            .Set("bitsPerPixel", BitsPerPixel(bytes.Length, file.Width, file.Height))
            .Set("bytes", new JsonObject
            {
                ["header"] = sizes.Header,
                ["codes"] = sizes.Codes,
                ["caption"] = sizes.Caption,
                ["checksum"] = sizes.Checksum,
                ["total"] = sizes.Total,
            });
    }

    private static InfoReport Of(string path, PercoSdFile file, int bytes) => new InfoReport(path, "pkl")
        .Line("file", $"{path}: {Size(bytes, file.Width, file.Height)}")
        .Line("format", "PerCo (SD), a pickle that is read without being run")
        .Line("picture", $"{file.Width}x{file.Height}")
        .Line("rate", file.Rate.Name)
        .Line("codes", $"{file.Indices.Count}: {file.Columns}x{file.Rows}, one of {file.Rate.Codebook} each")
        .Line("caption", file.Caption.Length > 0 ? file.Caption : "(none)")
        .Set("width", file.Width)
        .Set("height", file.Height)
        .Set("rate", file.Rate.Name)
        .Set("stride", file.Rate.Stride)
        .Set("entries", file.Rate.Codebook)
        .Set("codes", file.Indices.Count)
        .Set("caption", file.Caption)
        .Set("bitsPerPixel", BitsPerPixel(bytes, file.Width, file.Height))
        .Set("bytes", new JsonObject { ["total"] = bytes });

    private static string Size(int bytes, int width, int height) => string.Create(
        CultureInfo.InvariantCulture,
        $"{bytes} bytes, {8.0 * bytes / width / height:0.0000} bit per pixel");

    private static double BitsPerPixel(int bytes, int width, int height) =>
        Math.Round(8.0 * bytes / width / height, 6);
}
