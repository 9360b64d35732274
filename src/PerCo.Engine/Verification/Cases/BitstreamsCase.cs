using PerCo.Engine.Codec.PercoSd;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification.Cases;

/// <summary>
/// PerCo (SD)'s files: caption, size, rate and indices out of each, and the same codes' bytes back. Nothing runs on the
/// backend.
/// </summary>
internal sealed class BitstreamsCase : CaseKind
{
    /// <inheritdoc/>
    public override string Name => "bitstreams";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => ["io.safetensors", "case.json"];

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        foreach (ConfigReader entry in context.Description.Sections("cases"))
        {
            string file = entry.String("file", "");
            if (file.Length == 0 || Path.GetFileName(file) != file || !File.Exists(context.FileOf(file)))
            {
                context.Skip(file.Length == 0 ? "file" : file, "the file is missing");
                continue;
            }

            context.Part(file, () => RunFile(context, entry, file));
        }
    }

    private static void RunFile(CaseContext context, ConfigReader entry, string file)
    {
        byte[] bytes = ReadBounded(context.FileOf(file));
        PercoSdFile content = PercoSdFile.Parse(bytes);

        // 1. What the file says, and the rate, which it does not say.
        var wrong = new List<string>();
        Expect("height", entry.Int("height", content.Height) == content.Height);
        Expect("width", entry.Int("width", content.Width) == content.Width);
        Expect("caption", entry.String("caption", content.Caption) == content.Caption);
        Expect("rate", entry.Double("rate", content.Rate.BitsPerPixel) == content.Rate.BitsPerPixel);
        Expect("codebook", entry.Int("codebook", content.Rate.Codebook) == content.Rate.Codebook);
        context.Add(
            file, Measure.Differences, wrong.Count, 0, wrong.Count == 0 ? null : $"wrong: {string.Join(", ", wrong)}");

        // 2. Indices.
        string indices = Path.GetFileNameWithoutExtension(file) + ".indices";
        if (context.Requires(indices, indices))
        {
            context.CompareEqual(indices, [.. content.Indices.Select(index => (long)index)]);
        }

        // 3. Our file of the same content, read again; zlib's bytes may differ, what they hold may not.
        PercoSdFile again = PercoSdFile.Parse(content.ToBytes(), content.Rate);
        bool same = again.Caption == content.Caption && again.Indices.SequenceEqual(content.Indices)
            && (again.Width, again.Height) == (content.Width, content.Height);
        context.Add($"{file} written", Measure.Differences, same ? 0 : 1, 0);

        void Expect(string field, bool equal)
        {
            if (!equal)
            {
                wrong.Add(field);
            }
        }
    }

    private static byte[] ReadBounded(string path)
    {
        if (new FileInfo(path).Length > PercoSdFile.MaxFileBytes)
        {
            throw new PerCoException($"{path}: larger than {PercoSdFile.MaxFileBytes} bytes.");
        }

        return File.ReadAllBytes(path);
    }
}
