using System.Text.Json.Nodes;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Cli.Info;

/// <summary>What a picture is, and whether it was decoded here.</summary>
internal static class PictureInfo
{
    public static InfoReport Of(string path, byte[] bytes, ImageLimits limits)
    {
        Image image = PictureFile.Decode(path, bytes, limits);
        ImageFormat format = ImageFormats.Of(bytes);
        IReadOnlyList<ImageText> notes = ImageFormats.Texts(bytes);
        var report = new InfoReport(path, format.Name.ToLowerInvariant());
        report.Line("file", $"{path}: {bytes.Length} bytes")
            .Line("format", $"{format.Name} picture; encode makes a .perco file of it")
            .Line("picture", $"{image.Width}x{image.Height}")
            .Line("decoded", ReconstructionNotes.AreIn(notes) ? "by PerCo.Engine" : "(nothing says so)")
            .Set("width", image.Width)
            .Set("height", image.Height)
            .Set("decoded", ReconstructionNotes.AreIn(notes))
            .Set("notes", new JsonArray([.. notes.Select(note => new JsonObject
            {
                ["keyword"] = note.Keyword,
                ["text"] = note.Text,
            })]))
            .Set("bytes", new JsonObject { ["total"] = bytes.Length });
        foreach (ImageText note in notes)
        {
            report.Line(note.Keyword.ToLowerInvariant(), note.Text);
        }

        return report;
    }
}
