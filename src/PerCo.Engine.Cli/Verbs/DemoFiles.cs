using PerCo.Engine.Cli.Files;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>What a demo reads and writes.</summary>
/// <param name="Input">The picture, or - for standard input.</param>
/// <param name="Folder">Where the outputs go.</param>
/// <param name="Force">Whether existing files are replaced.</param>
internal sealed record DemoFiles(string Input, string Folder, bool Force)
{
    private string Stem => Path.Combine(
        Folder, Input == StandardStreams.Name ? "picture" : Path.GetFileNameWithoutExtension(Input));

    private string Compressed => Stem + PerCoFile.Extension;

    private string Decoded => Stem + "-decoded.png";

    private string SideBySide => Stem + "-side-by-side.png";

    /// <summary>The outputs.</summary>
    public IReadOnlyList<string> All => [Compressed, Decoded, SideBySide];

    /// <summary>Refuses, before any work is done, what could not be written.</summary>
    /// <exception cref="PerCoException">An output is a folder, the input itself, or exists already.</exception>
    public void Check()
    {
        foreach (Job job in All.Select(For))
        {
            OutputFile.CheckFree(job, Force);
        }
    }

    /// <summary>Writes all of them.</summary>
    /// <returns>Bytes of the .perco file.</returns>
    /// <exception cref="PerCoException">A file cannot be written.</exception>
    public int Write(Image original, EncodeResult encoded, DecodeResult decoded, PerCoModel model)
    {
        ImageFormat png = ImageFormats.ForPath(Decoded);
        byte[] compressed = encoded.File.ToBytes();
        OutputFile.Write(For(Compressed), compressed, Force);
        OutputFile.Write(For(Decoded), ImageFormats.Encode(decoded.Image, png, decoded.Notes(model)), Force);
        OutputFile.Write(
            For(SideBySide), ImageFormats.Encode(Montage.SideBySide([original, decoded.Image]), png), Force);
        return compressed.Length;
    }

    private Job For(string output) => new(new InputFile(Input, Input), output, MakesFolders: true, Sample: 0);
}
