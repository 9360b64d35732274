using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using PerCo.Engine.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>Files that every version has to read, and the symbols in them.</summary>
public class ConformanceTests
{
    private const string Write = "PERCO_WRITE_CONFORMANCE";

    private static string Folder => TestPaths.Goldens("conformance");

    [Fact]
    public void Every_file_gives_its_symbols()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "conformance.json")));
        int files = 0;
        foreach (JsonElement expected in json.RootElement.GetProperty("files").EnumerateArray())
        {
            string name = expected.GetProperty("name").GetString()!;
            byte[] bytes = File.ReadAllBytes(Path.Combine(Folder, name));
            Assert.Equal(expected.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(bytes)));
            PerCoFile file = PerCoFile.Parse(bytes);
            Assert.True(expected.GetProperty("model").GetUInt32() == file.ModelIdentity, name);
            Assert.True(expected.GetProperty("width").GetInt32() == file.Width, name);
            Assert.True(expected.GetProperty("height").GetInt32() == file.Height, name);
            Assert.True(expected.GetProperty("stride").GetInt32() == file.Grid.Stride, name);
            Assert.True(expected.GetProperty("entries").GetInt32() == file.Grid.Entries, name);
            Assert.True(expected.GetProperty("books").GetInt32() == file.Grid.Books, name);
            Assert.Equal(expected.GetProperty("caption").GetString(), file.Caption);
            Assert.Equal(expected.GetProperty("seed").GetString(), file.Seed?.ToString());
            Assert.Equal(Optional(expected, "steps"), file.Steps);
            Assert.Equal(Optional(expected, "guidanceHundredths"), file.GuidanceHundredths);
            Assert.Equal(expected.GetProperty("codes").EnumerateArray().Select(c => c.GetInt32()), file.Indices);
            files++;
        }

        Assert.Equal(30, files);
        Assert.Equal(files, Directory.GetFiles(Folder, "*" + PerCoFile.Extension).Length);
    }

    [SkippableFact]
    public void Conformance_files_are_written_once()
    {
        Skip.If(Environment.GetEnvironmentVariable(Write) != "1", $"Only with {Write}=1: the files are kept for ever.");
        Directory.CreateDirectory(Folder);
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using FileStream stream = File.Create(Path.Combine(Folder, "conformance.json"));
        using var json = new Utf8JsonWriter(stream, options);
        json.WriteStartObject();
        json.WriteStartArray("files");
        foreach ((string stem, PerCoFile file) in ConformanceFiles.All())
        {
            string name = stem + PerCoFile.Extension, path = Path.Combine(Folder, name);
            if (!File.Exists(path))
            {
                file.Save(path);
            }

            Describe(json, name, File.ReadAllBytes(path), file);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static int? Optional(JsonElement element, string name) =>
        element.GetProperty(name) is { ValueKind: JsonValueKind.Number } value ? value.GetInt32() : null;

    private static void Describe(Utf8JsonWriter json, string name, byte[] bytes, PerCoFile file)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("sha256", Convert.ToHexStringLower(SHA256.HashData(bytes)));
        json.WriteNumber("model", file.ModelIdentity);
        json.WriteNumber("width", file.Width);
        json.WriteNumber("height", file.Height);
        json.WriteNumber("stride", file.Grid.Stride);
        json.WriteNumber("entries", file.Grid.Entries);
        json.WriteNumber("books", file.Grid.Books);
        json.WriteString("seed", file.Seed?.ToString());
        Optional(json, "steps", file.Steps);
        Optional(json, "guidanceHundredths", file.GuidanceHundredths);
        json.WriteString("caption", file.Caption);
        json.WriteStartArray("codes");
        foreach (int code in file.Indices)
        {
            json.WriteNumberValue(code);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Optional(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
