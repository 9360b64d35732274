using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>A model with two codebooks a position, from picture to file to picture.</summary>
public sealed partial class ProductQuantisationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Two_codebooks_a_position_go_through_the_whole_codec()
    {
        MakeModel();
        Image picture = TestPictures.Meadow(50, 37);
        using PerCoModel model = PerCoModel.Open(_folder.Path);
        byte[] bytes = new PerCoEncoder(model).Encode(picture, new EncodeOptions { Caption = "" }).File.ToBytes();
        PerCoFile file = PerCoFile.Parse(bytes);
        using PerCoModel original = PerCoModel.Open(TestPaths.DefaultModel);
        Assert.Equal(original.Grid(original.Folder.Rates[0]) with { Books = 2 }, file.Grid);
        Assert.True(file.Indices.Distinct().Count() > 4, "The codes do not vary.");

        var decoder = new PerCoDecoder(model);
        var options = new DecodeOptions { Steps = 2 };
        Image decoded = decoder.Decode(file, options).Image;
        Assert.Equal((50, 37), (decoded.Width, decoded.Height));

        // Each codebook's codes matter.
        for (int book = 0; book < 2; book++)
        {
            int[] changed = [.. file.Indices.Select(
                (code, i) => i % 2 == book ? (code + 77) % file.Grid.Entries : code)];
            Assert.NotEqual(decoded.Pixels, decoder.Decode(file with { Indices = changed }, options).Image.Pixels);
        }
    }

    [Fact]
    public void A_model_with_one_codebook_refuses_the_file()
    {
        MakeModel();
        byte[] bytes;
        using (PerCoModel model = PerCoModel.Open(_folder.Path))
        {
            bytes = new PerCoEncoder(model).Encode(
                TestPictures.Meadow(32, 32), new EncodeOptions { Caption = "" }).File.ToBytes();
        }

        using PerCoModel other = PerCoModel.Open(TestPaths.DefaultModel);
        PerCoException e = Assert.Throws<PerCoException>(() => new PerCoDecoder(other).Decode(PerCoFile.Parse(bytes)));
        Assert.Contains("The file has 2×", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Codes_of_another_length_are_refused_as_their_search_is_another()
    {
        MakeModel();
        string weights = Directory.GetFiles(_folder.Path, "*.safetensors", SearchOption.AllDirectories)
            .Single(file => file.Contains("hyper_enc", StringComparison.Ordinal));
        byte[] bytes = File.ReadAllBytes(weights);
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        using JsonDocument json = JsonDocument.Parse(bytes.AsMemory(8, header));
        JsonElement embed = json.RootElement.GetProperty("quantizer._codebook.embed");
        int offset = embed.GetProperty("data_offsets")[0].GetInt32();
        BitConverter.TryWriteBytes(bytes.AsSpan(8 + header + offset), (Half)2.5f);
        File.WriteAllBytes(weights, bytes);
        using PerCoModel model = PerCoModel.Open(_folder.Path);
        PerCoException e = Assert.Throws<PerCoException>(() => new PerCoEncoder(model).Encode(
            TestPictures.Meadow(32, 32), new EncodeOptions { Caption = "" }));
        Assert.Contains("code 0 has the length", e.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    // The default model, with each code read as two of half the length: two codebooks of as many codes.
    private void MakeModel()
    {
        string hyperEncoder = Path.GetRelativePath(
            TestPaths.DefaultModel, ModelFolder.Open(TestPaths.DefaultModel).Rates[0].HyperEncoderFolder);
        foreach (string file in Directory.EnumerateFiles(TestPaths.DefaultModel, "*", SearchOption.AllDirectories))
        {
            string copy = _folder.File(Path.GetRelativePath(TestPaths.DefaultModel, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        string config = _folder.File(Path.Combine(hyperEncoder, "config.json"));
        File.WriteAllText(config, CodebookDim().Replace(
            File.ReadAllText(config), m => $"{m.Groups[1].Value}{Halved(m.Groups[2].Value)}, \"heads\": 2"));

        string weights = _folder.File(Path.Combine(hyperEncoder, "diffusion_pytorch_model.safetensors"));
        byte[] bytes = File.ReadAllBytes(weights);
        Span<byte> header = bytes.AsSpan(8, (int)BinaryPrimitives.ReadInt64LittleEndian(bytes));
        string text = Encoding.UTF8.GetString(header);
        string edited = Embed().Replace(
            text,
            m => m.Groups[1].Value
                + $"[2,{m.Groups[3].Value},{Halved(m.Groups[4].Value)}]".PadRight(m.Groups[2].Length));
        Assert.NotEqual(text, edited);
        Encoding.UTF8.GetBytes(edited, header);
        Normalise(edited, bytes.AsSpan(8 + header.Length));
        File.WriteAllBytes(weights, bytes);
    }

    // Codes have the length 1, which halves have not.
    private static void Normalise(string header, Span<byte> data)
    {
        using JsonDocument json = JsonDocument.Parse(header);
        JsonElement embed = json.RootElement.GetProperty("quantizer._codebook.embed");
        JsonElement offsets = embed.GetProperty("data_offsets");
        int first = offsets[0].GetInt32(), end = offsets[1].GetInt32();
        int length = embed.GetProperty("shape")[2].GetInt32();
        Assert.Equal("F16", embed.GetProperty("dtype").GetString());
        Span<Half> values = MemoryMarshal.Cast<byte, Half>(data[first..end]);
        for (; !values.IsEmpty; values = values[length..])
        {
            float[] code = [.. values[..length].ToArray().Select(value => (float)value)];
            float norm = MathF.Sqrt(code.Sum(value => value * value));
            for (int i = 0; i < length; i++)
            {
                values[i] = (Half)(code[i] / norm);
            }
        }
    }

    private static int Halved(string number) => int.Parse(number) / 2;

    [GeneratedRegex(@"(""codebook_dim"":\s*)(\d+)")]
    private static partial Regex CodebookDim();

    [GeneratedRegex(@"(""quantizer\._codebook\.embed"":[^}]*?)(\[1, ?(\d+), ?(\d+)\])")]
    private static partial Regex Embed();
}
