using System.CommandLine;
using System.Text.Json;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>info: what a .perco file holds; needs no model.</summary>
internal static class InfoCommand
{
    public static Command Build()
    {
        var input = new Argument<string>("file") { Description = "The .perco file." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command(
            "info",
            """
            Print what a .perco file holds, without a model.

            Examples:
              percoengine info photo.perco
              percoengine info photo.perco --json
            """)
        {
            input,
            json,
        };
        command.SetAction(parsed => Run(parsed.GetValue(input)!, parsed.GetValue(json)));
        return command;
    }

    private static int Run(string path, bool json)
    {
        PerCoFile file = PerCoFile.Load(path);
        PerCoFileSizes sizes = PerCoFile.Measure(File.ReadAllBytes(path));
        double bitsPerPixel = 8.0 * sizes.Total / file.Width / file.Height;
        if (json)
        {
            WriteJson(path, file, sizes, bitsPerPixel);
            return ExitCode.Done;
        }

        Console.WriteLine($"file      {path}: {sizes.Total} bytes, {bitsPerPixel:0.0000} bit per pixel");
        Console.WriteLine($"format    version {PerCoFile.CurrentVersion}, checksum right");
        Console.WriteLine($"model     {file.ModelIdentity:x8}");
        Console.WriteLine($"picture   {file.Width}x{file.Height}");
        Console.WriteLine(
            $"codes     {file.Indices.Count}: {file.Grid.Columns(file.Width)}x{file.Grid.Rows(file.Height)}, "
                + $"{file.Grid}");
        Console.WriteLine($"caption   {(file.Caption.Length > 0 ? file.Caption : "(none)")}");
        Console.WriteLine($"seed      {file.Seed?.ToString() ?? "0 (default)"}");
        Console.WriteLine($"steps     {file.Steps?.ToString() ?? "(the model's)"}");
        Console.WriteLine($"guidance  {file.Guidance?.ToString() ?? "(the model's)"}");
        Console.WriteLine(
            $"bytes     header {sizes.Header}, codes {sizes.Codes}, caption {sizes.Caption}, checksum "
                + $"{sizes.Checksum}");
        return ExitCode.Done;
    }

    private static void WriteJson(string path, PerCoFile file, PerCoFileSizes sizes, double bitsPerPixel)
    {
        using var stream = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("file", path);
            writer.WriteNumber("version", PerCoFile.CurrentVersion);
            writer.WriteString("model", $"{file.ModelIdentity:x8}");
            writer.WriteNumber("width", file.Width);
            writer.WriteNumber("height", file.Height);
            writer.WriteNumber("stride", file.Grid.Stride);
            writer.WriteNumber("entries", file.Grid.Entries);
            writer.WriteNumber("books", file.Grid.Books);
            writer.WriteNumber("codes", file.Indices.Count);
            writer.WriteString("caption", file.Caption);
            WriteOptional(writer, "seed", file.Seed);
            WriteOptional(writer, "steps", file.Steps);
            WriteOptional(writer, "guidance", file.Guidance);
            writer.WriteNumber("bitsPerPixel", Math.Round(bitsPerPixel, 6));
            writer.WriteStartObject("bytes");
            writer.WriteNumber("header", sizes.Header);
            writer.WriteNumber("codes", sizes.Codes);
            writer.WriteNumber("caption", sizes.Caption);
            writer.WriteNumber("checksum", sizes.Checksum);
            writer.WriteNumber("total", sizes.Total);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    private static void WriteOptional<T>(Utf8JsonWriter writer, string name, T? value)
        where T : struct, IFormattable
    {
        if (value is { } present)
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(present.ToString(null, System.Globalization.CultureInfo.InvariantCulture));
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
